/**
 * Reads the metrics of `ws-linger/prometheus` in Prometheus' text format, OpenMetrics included, and those of
 * `ws-linger/opentelemetry` as OpenTelemetry's exporters write them. Pure.
 */
import { type Sample, translated } from './opentelemetry-names';
import type { Reading } from './reading';

const PREFIX = 'ws_linger_';

/** A sample: its name, its labels and its value; a time and an exemplar may follow. */
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?[ \t]+(\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export function readMetrics(text: string): Reading | null {
  const samples = text.split('\n').flatMap((line) => (line.startsWith(PREFIX) ? sampleOf(line) : []));
  if (samples.length === 0) return null;
  /** The values of a metric, added up by a label. Only those with the other label as given, where it is. */
  const by = (name: string, label: string, role?: string) => {
    const sums = new Map<string, number>();
    for (const sample of samples) {
      const isWanted = sample.name === PREFIX + name && (role === undefined || sample.labels.role === role);
      const key = sample.labels[label] ?? '';
      if (isWanted) sums.set(key, (sums.get(key) ?? 0) + sample.value);
    }
    return sums;
  };
  const sum = (name: string, role?: string) => [...by(name, '', role).values()].reduce((all, value) => all + value, 0);
  const connectionsOf = (role: string) => ({
    now: Object.fromEntries(by('connections', 'phase', role)),
    opened: sum('connections_opened_total', role),
  });
  return {
    version: null,
    uptimeMs: null,
    connections: { server: connectionsOf('server'), client: connectionsOf('client') },
    ended: Object.fromEntries(by('disconnects_total', 'kind')),
    roundTrips: {
      count: sum('rtt_seconds_count'),
      sumMs: sum('rtt_seconds_sum') * 1_000,
      buckets: [...by('rtt_seconds_bucket', 'le')].map(([le, count]) => ({ upToMs: numberOf(le) * 1_000, count })),
    },
    lingering: {
      sockets: sum('lingering'),
      bytes: null,
      outcomes: Object.fromEntries(by('lingered_total', 'outcome')),
    },
    slowConsumers: null,
    recentEnds: null,
  };
}

function sampleOf(line: string): Sample[] {
  const [, name, labels = '', value = ''] = SAMPLE.exec(line) ?? [];
  if (name === undefined) return [];
  const pairs = [...labels.matchAll(LABEL)].map(([, label, text]) => [label, unescaped(text as string)]);
  return [translated({ name, labels: Object.fromEntries(pairs), value: Math.max(0, finite(numberOf(value))) })];
}

function numberOf(text: string): number {
  return text === '+Inf' ? Number.POSITIVE_INFINITY : Number(text);
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
}
