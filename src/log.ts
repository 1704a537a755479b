import type { CloseInfo } from './close-info';

/** The part of a pino logger that this package uses. */
export interface Logger {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  /** Where it is there, lines that nobody would see are not made. */
  isLevelEnabled?(level: string): boolean;
}

export type LoggerOption = Logger | false | undefined;

type Level = 'debug' | 'warn';

let ownLogger: Logger | undefined;

/** pino at level warn to stderr. Loaded when first needed, since most processes never need it. */
function defaultLogger(): Logger {
  if (!ownLogger) {
    const pino = require('pino') as typeof import('pino');
    ownLogger = pino.pino({ name: 'ws-linger', level: 'warn' }, pino.destination({ fd: 2, sync: true }));
  }
  return ownLogger;
}

/** Says something that an operator should know. `logger` is the `logger` option. */
export function warn(logger: LoggerOption, fields: object, message: string): void {
  write('warn', logger, fields, message);
}

function isSeen(level: Level, logger: LoggerOption): boolean {
  // The default logger drops debug lines; it is not loaded only to do that.
  if (!logger) return logger === undefined && level === 'warn';
  return logger.isLevelEnabled?.(level) ?? true;
}

function write(level: Level, logger: LoggerOption, fields: object, message: string): void {
  if (!isSeen(level, logger)) return;
  try {
    (logger || defaultLogger())[level](fields, message);
  } catch {
    // A logger that fails (a full disk, a closed stream) must not keep a connection from ending. There is nobody to tell.
  }
}

/** What is logged of an end. */
export type End = Pick<CloseInfo, 'kind' | 'origin' | 'phase' | 'code' | 'error' | 'expected' | 'elapsedMs'>;

type EndEvent = 'disconnect' | 'opening-failed' | 'stray-socket';

/** Logs an end: at debug when it is expected, at warn when it is not; of many alike, only some. */
export function logEnd(logger: LoggerOption, event: EndEvent, end: End, remoteAddress: string | undefined): void {
  const { kind, origin, phase, code, error, elapsedMs } = end;
  const level = end.expected ? 'debug' : 'warn';
  if (!isSeen(level, logger) || isTooMany(level, logger, event, kind)) return;
  const fields = { event, kind, origin, phase, code, errorCode: error?.code, remoteAddress, elapsedMs };
  write(level, logger, fields, `connection ended: ${kind}`);
}

/** So many lines of one event and kind go out in a second; what comes beyond them is one line that counts it. */
const LINES_PER_SECOND = 20;

const windows = new Map<string, { lines: number; suppressed: number }>();

function isTooMany(level: Level, logger: LoggerOption, event: EndEvent, kind: string): boolean {
  const key = `${idOf(logger)} ${event} ${kind}`;
  const window = windows.get(key);
  if (window) {
    if (window.lines++ < LINES_PER_SECOND) return false;
    window.suppressed++;
    return true;
  }
  const opened = { lines: 1, suppressed: 0 };
  windows.set(key, opened);
  setTimeout(() => {
    windows.delete(key);
    const { suppressed } = opened;
    if (suppressed > 0)
      write(level, logger, { event, kind, suppressed }, `${suppressed} more connections ended: ${kind}`);
  }, 1_000).unref();
  return false;
}

const ids = new WeakMap<Logger, number>();
let lastId = 0;

function idOf(logger: LoggerOption): number {
  if (!logger) return 0;
  const id = ids.get(logger) ?? ++lastId;
  ids.set(logger, id);
  return id;
}
