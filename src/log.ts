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

/** Logs one end: at debug when it is expected, at warn when it is not. */
export function logDisconnect(
  logger: Logger | false | undefined,
  info: CloseInfo,
  remoteAddress: string | undefined,
): void {
  // The default logger drops debug lines; it is not loaded only to do that.
  if (logger === false || (logger === undefined && info.expected)) return;
  const fields = {
    event: 'disconnect',
    kind: info.kind,
    origin: info.origin,
    phase: info.phase,
    code: info.code,
    errorCode: info.error?.code,
    remoteAddress,
    elapsedMs: info.elapsedMs,
  };
  const message = `connection ended: ${info.kind}`;
  if (info.expected) safely(() => logger?.debug(fields, message));
  else warn(logger, fields, message);
}
