/** Reads what a process answers, in either format. Pure. */
import { readMetrics } from './metrics-text';
import type { Reading } from './reading';
import { readStatus } from './status-json';

/** Of the JSON of `statusHandler()`, or of metrics in Prometheus' text format; null for anything else. */
export function readAnswer(text: string): Reading | null {
  return text.trimStart().startsWith('{') ? readStatus(text) : readMetrics(text);
}
