/** Judges a program's run with ws-linger by its run with plain ws. */
import assert from 'node:assert/strict';
import { FAULTS, type Fault } from './link.js';

export interface Outcome {
  /** What the program emitted, in order. */
  events: string[];
  /** What its peer received. */
  heard: string[];
  /** Lines, without what differs from run to run. */
  stderr: string[];
  /** Exit code, or the signal. */
  exit: number | string;
  /** From the order to shut down until the process is gone. */
  shutdownMs: number;
}

export interface Row {
  program: string;
  fault: Fault;
  plain: Outcome;
  ours: Outcome;
}

/** A shutdown takes at most this long, or as long as with plain ws. */
const SHUTDOWN_MS = 5000;
/** What a busy machine adds to one of two shutdowns that take equally long. */
const TOLERANCE = 1.25;

/** Fails unless the program says the same, ends in bounded time, and prints nothing that it does not print with plain ws. */
export function assertSame(plain: Outcome, ours: Outcome): void {
  assert.deepEqual(ours.events, plain.events, 'events');
  assert.deepEqual(ours.heard, plain.heard, 'what the peer received');
  assert.equal(ours.exit, plain.exit, `exit code\n${ours.stderr.join('\n')}`);
  assert.deepEqual(newLines(plain.stderr, ours.stderr), [], 'on stderr, and not with plain ws');
  const limit = Math.max(SHUTDOWN_MS, plain.shutdownMs * TOLERANCE);
  assert.ok(ours.shutdownMs <= limit, `shutdown took ${ours.shutdownMs} ms, with plain ws ${plain.shutdownMs} ms`);
}

/** The lines that are more often in `ours` than in `plain`. */
function newLines(plain: string[], ours: string[]): string[] {
  const left = [...plain];
  return ours.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** The table of all runs, sorted by program and fault. */
export function table(rows: Row[], programs: string[]): string {
  const faults = Object.keys(FAULTS);
  const rank = ({ program, fault }: Row) => programs.indexOf(program) * faults.length + faults.indexOf(fault);
  const head = ['program', 'fault', 'events', 'shutdown: ws', 'ws-linger', 'stderr lines: ws', 'ws-linger'];
  const cells = rows
    .slice()
    .sort((a, b) => rank(a) - rank(b))
    .map(({ program, fault, plain, ours }) => [
      program,
      fault,
      saysTheSame(plain, ours) ? 'same' : 'DIFFER',
      `${plain.shutdownMs.toFixed(0)} ms`,
      `${ours.shutdownMs.toFixed(0)} ms`,
      `${plain.stderr.length}`,
      `${ours.stderr.length}`,
    ]);
  const widths = head.map((title, i) => Math.max(...[head, ...cells].map((row) => (row[i] ?? title).length)));
  const line = (row: string[]) => row.map((cell, i) => cell.padEnd(widths[i] as number)).join('  ');
  return ['', line(head), ...cells.map(line), ''].join('\n');
}

function saysTheSame(plain: Outcome, ours: Outcome): boolean {
  const said = ({ events, heard, exit }: Outcome) => JSON.stringify([events, heard, exit]);
  return said(plain) === said(ours);
}
