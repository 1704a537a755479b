import type { CloseInfo } from './close-info';

/** The part of a pino logger that this package uses. */
export interface Logger {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

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
export function warn(logger: Logger | false | undefined, fields: object, message: string): void {
  if (logger === false) return;
  safely(() => (logger ?? defaultLogger()).warn(fields, message));
}

/** A logger that fails (a full disk, a closed stream) must not keep a connection from ending. */
function safely(write: () => void): void {
  try {
    write();
  } catch {
    // There is nobody left to tell.
  }
}

/** What is logged of an end. */
type End = Pick<CloseInfo, 'kind' | 'origin' | 'phase' | 'code' | 'error' | 'expected' | 'elapsedMs'>;

/** Logs the end of a WebSocket, or of what was to become one: at debug when it is expected, at warn when it is not. */
export function logEnd(
  logger: Logger | false | undefined,
  event: 'disconnect' | 'opening-failed',
  end: End,
  remoteAddress: string | undefined,
): void {
  // The default logger drops debug lines; it is not loaded only to do that.
  if (logger === false || (logger === undefined && end.expected)) return;
  const { kind, origin, phase, code, error, elapsedMs } = end;
  const fields = { event, kind, origin, phase, code, errorCode: error?.code, remoteAddress, elapsedMs };
  const message = `connection ended: ${kind}`;
  if (end.expected) safely(() => logger?.debug(fields, message));
  else warn(logger, fields, message);
}
