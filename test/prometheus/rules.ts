/** The alert rules of examples/monitoring. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../support/child.js';

export interface Rule {
  alert: string;
  expr: string;
  /** How long the expression has to hold before the alert fires. */
  for?: string;
  labels: Record<string, string>;
  annotations: { summary: string; description: string };
}

export const RULES = join(ROOT, 'examples', 'monitoring', 'alerts.yml');

/** Gives the metrics of OpenTelemetry the names that alerts and dashboard use. */
export const OPENTELEMETRY_NAMES = join(ROOT, 'examples', 'monitoring', 'opentelemetry-names.yml');

const { groups } = parse(readFileSync(RULES, 'utf8')) as { groups: { rules: Rule[] }[] };

export const rules = groups.flatMap((group) => group.rules);

/** An alert's summary for an instance. */
export function summaryFor({ annotations }: Rule, instance: string): string {
  return annotations.summary.replaceAll('{{ $labels.instance }}', instance);
}
