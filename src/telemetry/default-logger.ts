/** The logger where none is given: pino at level warn, to stderr. It takes no time of a turn in which a connection ends. */

import { hostname } from 'node:os';
import type { Logger } from '../options';
import { clearImmediate, setImmediate } from '../real-timers';
import { LineQueue, openStderr } from './stderr';

type Line = [fields: object, message: string];

/** pino's number of the level warn. */
const PINO_WARN = 40;
/** Lines that wait for pino; more are counted. */
const MAX_WAITING = 1_000;

let logger: Logger | null = null;
let waiting: Line[] = [];
let lost = 0;
let loading: NodeJS.Immediate | undefined;

export const defaultLogger: Pick<Logger, 'warn'> = {
  warn(fields, message) {
    loadSoon();
    if (logger) return logger.warn(fields, message);
    if (waiting.length === 0) process.once('exit', load);
    if (waiting.length < MAX_WAITING) waiting.push([fields, message]);
    else lost++;
  },
};

/** Loads pino, which takes 20 to 250 ms, in a turn of its own. For servers, before they have connections. */
export function loadSoon(): void {
  if (logger || loading) return;
  if (isInJest()) load();
  else {
    loading = setImmediate(load);
    loading.unref?.(); // Bun and Deno have their own
  }
}

function load(): void {
  clearImmediate(loading);
  process.removeListener('exit', load);
  const lines = waiting;
  waiting = [];
  try {
    logger = open();
    for (const line of lines) logger.warn(...line);
    if (lost > 0) tellLost(lost);
  } catch {
    // Without a stderr there is nobody to tell.
    logger ??= { debug() {}, warn() {} };
  }
}

function open(): Logger {
  const lines = new LineQueue(openStderr(), tellLost);
  if (isInJest()) return withoutPino(lines);
  try {
    const { pino } = require('pino') as typeof import('pino');
    return pino({ name: 'ws-linger', level: 'warn' }, lines);
  } catch {
    return withoutPino(lines);
  }
}

/** Jest loads anew for each file of tests, and fails a run in which anything is required after a file's last test. */
const isInJest = () => process.env.JEST_WORKER_ID !== undefined;

/** Lines as pino's, where it cannot be loaded: its folder was moved while the process ran, or Node's own objects are frozen. */
function withoutPino(lines: LineQueue): Logger {
  const always = { pid: process.pid, hostname: hostname(), name: 'ws-linger' };
  return {
    debug() {},
    warn(fields, msg) {
      lines.write(`${JSON.stringify({ level: PINO_WARN, time: Date.now(), ...always, ...fields, msg })}\n`);
    },
  };
}

function tellLost(lines: number): void {
  logger?.warn({ event: 'lines-lost', lost: lines }, `${lines} lines could not be written`);
}
