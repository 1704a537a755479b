/** Where `ws-linger stability` writes its results: the table, the report, JSON and JUnit. */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { RunCheck } from '../stability/checks';
import { junitOf, junitOfError } from '../stability/junit';
import { renderReport } from '../stability/report';
import type { StabilityResult } from '../stability/result';
import { colorsFor } from './colors';
import { renderTable } from './stability-table';

export interface OutputFlags {
  report?: string;
  /** True or `-`: to stdout. */
  json?: string | true;
  junit?: string;
  color: boolean;
}

/** Reports a file that cannot be written before the run, not after it. */
export function checkFiles({ report, json, junit }: OutputFlags, command: Command): void {
  const files = [report, json, junit].filter((file) => file !== undefined && !isStdout(file)) as string[];
  if (new Set(files).size < files.length) command.error('error: --report, --json and --junit need different files');
  if (report !== undefined) checkWritable(report, 'report', 'a', command);
  // Emptied now, so that a run without a result leaves no earlier one.
  if (json !== undefined && !isStdout(json)) checkWritable(json, 'JSON', 'w', command);
  if (junit !== undefined) checkWritable(junit, 'JUnit file', 'w', command);
}

export const isStdout = (json: string | true): json is '-' | true => json === true || json === '-';

function checkWritable(file: string, what: string, flag: 'a' | 'w', command: Command): void {
  try {
    closeSync(openSync(file, flag));
  } catch (error) {
    command.error(`error: the ${what} cannot be written: ${(error as Error).message}`);
  }
}

/** For a run that has no result. */
export function writeError(error: Error, { junit }: OutputFlags): void {
  if (junit) writeFileSync(junit, junitOfError(error.message));
}

export function writeResults(
  results: [StabilityResult, ...StabilityResult[]],
  checks: readonly RunCheck[],
  { json, junit, report, color }: OutputFlags,
): void {
  const [result, plain] = results;
  const text = JSON.stringify({ ...result, checks, ...(plain ? { plain } : {}) }, null, 2);
  if (report) writeFileSync(report, renderReport(result, plain));
  if (junit) writeFileSync(junit, junitOf(result, checks));
  if (json !== undefined && isStdout(json)) {
    console.log(text);
    return;
  }
  if (json !== undefined) writeFileSync(json, `${text}\n`);
  console.log(renderTable(results, checks, colorsFor(color)));
  for (const [what, file] of [
    ['report', report],
    ['JSON', json],
    ['JUnit file', junit],
  ]) {
    if (file) console.log(`The ${what} was written to ${file}`);
  }
}
