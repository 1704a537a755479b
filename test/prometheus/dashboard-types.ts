/** What Grafana's schema says of a dashboard of time series by Prometheus, with the values of enums in place of their names. */
import type { Dashboard, FieldConfigSource, GraphFieldConfig, Panel } from '@grafana/schema';
import type { Options } from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

type Plain<T> = unknown extends T
  ? T
  : T extends string
    ? `${T}`
    : T extends number | boolean | null | undefined
      ? T
      : T extends (infer U)[]
        ? Plain<U>[]
        : { [K in keyof T]: Plain<T[K]> };

interface TimeSeries extends Omit<Panel, 'type' | 'options' | 'fieldConfig' | 'targets'> {
  type: 'timeseries';
  options: Omit<Options, 'annotations'>;
  fieldConfig: Omit<FieldConfigSource, 'defaults'> & {
    defaults: Omit<FieldConfigSource['defaults'], 'custom'> & { custom: GraphFieldConfig };
  };
  /** The fields of the data source's own query that are used. */
  targets: { refId: string; expr: string; legendFormat: string }[];
}

export type PlainDashboard = Plain<Omit<Dashboard, 'panels'> & { panels: TimeSeries[] }>;
