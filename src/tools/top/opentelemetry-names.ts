/**
 * Translates the samples of OpenTelemetry's exporters for Prometheus into the names of `ws-linger/prometheus`. Pure. They write `_` for
 * dots; the Collector appends the unit (`_seconds`), the exporter for Node does not.
 */

/** A sample of Prometheus' text format. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const NAMES: [RegExp, string][] = [
  [/^connection_count$/, 'connections'],
  [/^opened_connections_total$/, 'connections_opened_total'],
  [/^lingering_count$/, 'lingering'],
  [/^lingered_sockets_total$/, 'lingered_total'],
  [/^ping_duration(?:_seconds)?_(bucket|sum|count)$/, 'rtt_seconds_$1'],
];

/** Others come back as they are. */
export function translated(sample: Sample): Sample {
  const [, role, rest = ''] = /^ws_linger_(server|client)_(.+)$/.exec(sample.name) ?? [];
  if (role === undefined) return sample;
  const [pattern, name] = NAMES.find(([one]) => one.test(rest)) ?? [/$/, ''];
  const labels = Object.entries(sample.labels).map(([label, value]) => [
    label.replace(/^ws_linger_(?:connection|close|linger)_/, ''),
    value,
  ]);
  return {
    ...sample,
    name: `ws_linger_${rest.replace(pattern, name)}`,
    labels: { ...Object.fromEntries(labels), role },
  };
}
