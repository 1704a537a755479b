// A meter of OpenTelemetry's SDK, and what it has recorded.
import {
  AggregationTemporality,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';

/** A meter of its own, with nothing recorded. */
export function recording() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
  const provider = new MeterProvider({ readers: [reader] });
  return {
    meter: provider.getMeter('test'),
    async read(): Promise<Recorded> {
      exporter.reset();
      await provider.forceFlush();
      return new Recorded(
        exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((one) => one.metrics)),
      );
    },
    shutdown: () => provider.shutdown(),
  };
}

export class Recorded {
  readonly instruments: MetricData[];

  constructor(instruments: MetricData[]) {
    this.instruments = instruments;
  }

  points(name: string): MetricData['dataPoints'] {
    return this.instruments.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
  }

  /** The value of the series that has exactly these attributes; of a histogram all of it. */
  value(name: string, attributes: object): number | Histogram | undefined {
    const sorted = (one: object) => JSON.stringify(Object.entries(one).sort());
    const point = this.points(name).find((one) => sorted(one.attributes) === sorted(attributes));
    return point?.value as number | Histogram | undefined;
  }

  count(name: string, attributes: object): number | undefined {
    const value = this.value(name, attributes);
    return typeof value === 'object' ? value.count : value;
  }
}
