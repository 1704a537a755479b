/** Log lines about ends: expected ones at debug, others at warn, and only some of many alike. And the address of the peer. */

import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { types } from 'node:util';
import type { CloseInfo, FailedOpening, Lingered } from '../close-info';
import { closeSentence } from '../close-sentence';
import type { LoggerOption } from '../options';
import { defaultLogger, loadSoon } from './default-logger';
import { openingFailedChannel } from './diagnostics';
import type { RecentEnd } from './recent-ends';

type Level = 'debug' | 'warn';

/** Writes a line that an operator should read, unless there were many of its event. `logger` is the `logger` option. */
export function warn(logger: LoggerOption, fields: { event: string; reason?: string }, message: string): void {
  const { event } = fields;
  if (isSeen('warn', logger) && !isTooMany('warn', logger, { event }, `times: ${message}`)) {
    write('warn', logger, fields, message);
  }
}

/** Whether a line of this level would be written. */
export function isSeen(level: Level, logger: LoggerOption): boolean {
  // The default logger drops debug lines.
  if (!logger) return logger === undefined && level === 'warn';
  try {
    return logger.isLevelEnabled?.(level) ?? true;
  } catch {
    return true; // writing to it fails, too, and is caught
  }
}

/** To be called when a server is made, before there are connections: the default logger is then ready when it is needed. */
export function prepareToLog(logger: LoggerOption): void {
  if (logger === undefined) loadSoon();
}

function write(level: Level, logger: LoggerOption, fields: object, message: string): void {
  if (!isSeen(level, logger)) return;
  try {
    if (logger) ignoreRejection(logger[level](fields, message));
    else if (level === 'warn') defaultLogger.warn(fields, message);
  } catch {
    // A logger that throws (a full disk, a closed stream) must not keep a connection from ending, and nobody can be told.
  }
}

/** As the methods of an async logger may, also of another realm, or with methods of its own. */
function ignoreRejection(result: unknown): void {
  if (types.isPromise(result)) Promise.prototype.then.call(result, undefined, () => {});
}

/** What is logged of the end of a socket that is no WebSocket. */
export type End = Pick<CloseInfo, 'origin' | 'phase' | 'code' | 'error' | 'expected'> & {
  kind: CloseInfo['kind'] | FailedOpening;
};

/**
 * Logs the end of a WebSocket: at debug when it is expected, at warn when it is not; of many alike, only some. The default logger,
 * which nobody asked for, does not tell again what an 'error' listener of the application was told (`errorHeard`).
 */
export function logDisconnect(logger: LoggerOption, end: RecentEnd, errorHeard: boolean): void {
  const { connectionId, remoteAddress, info } = end;
  const level = info.expected ? 'debug' : 'warn';
  if ((errorHeard && !logger) || !isSeen(level, logger)) return;
  const { kind } = info;
  if (isTooMany(level, logger, { event: 'disconnect', kind }, `connections ended: ${kind}`)) return;
  const { expected: _, reason: __, clean: ___, error, sent, received, by, ...rest } = info;
  const fields = {
    event: 'disconnect',
    connectionId,
    remoteAddress,
    ...rest,
    by: by ?? undefined,
    errorCode: error?.code,
    sent: sent?.code,
    received: received?.code,
  };
  write(level, logger, fields, closeSentence(info));
}

type EndEvent = 'disconnect' | 'opening-failed' | 'stray-socket';

/** Logs an end: at debug when it is expected, at warn when it is not; of many alike, only some. */
export function logEnd(logger: LoggerOption, event: EndEvent, end: End, stream: Duplex | null): void {
  const { kind, origin, phase, code, error } = end;
  const level = end.expected ? 'debug' : 'warn';
  if (!isSeen(level, logger) || isTooMany(level, logger, { event, kind }, `connections ended: ${kind}`)) return;
  const fields = {
    event,
    kind,
    origin,
    phase,
    code,
    errorCode: error?.code,
    remoteAddress: peerAddress(stream),
  };
  write(level, logger, fields, `connection ended: ${kind}`);
}

/** Logs at debug what became of a socket that went on delivering after its WebSocket was closed. */
export function logLingered(logger: LoggerOption, end: Lingered, stream: Duplex): void {
  const { outcome, forced, error, bytesUnsent, lingeredMs } = end;
  const event = 'lingered';
  if (!isSeen('debug', logger)) return;
  if (isTooMany('debug', logger, { event, outcome }, `lingering sockets ended: ${outcome}`)) return;
  const fields = {
    event,
    outcome,
    forced,
    errorCode: error?.code,
    bytesUnsent,
    lingeredMs,
    remoteAddress: peerAddress(stream),
  };
  write('debug', logger, fields, `lingering socket ended: ${outcome}`);
}

/** Lines of one event and kind that are written in a second. One more line counts those left out. */
const LINES_PER_SECOND = 20;

const WINDOW_MS = 1_000;

interface Window {
  readonly until: number;
  lines: number;
  suppressed: number;
  logger: LoggerOption;
}

/** One for the whole process, since one storm may be spread over many loggers. */
const windows = new Map<string, Window>();

/** Whether there were many lines with these fields. If so, `N more MESSAGE` follows. */
function isTooMany(level: Level, logger: LoggerOption, fields: Record<string, string>, message: string): boolean {
  const key = Object.values(fields).join(' ');
  const at = performance.now();
  const known = windows.get(key);
  // The timer of one that is over may have been a test's, and is lost with its clock.
  if (known && at < known.until + WINDOW_MS) {
    if (known.lines++ < LINES_PER_SECOND) return false;
    known.suppressed++;
    known.logger = logger;
    return true;
  }
  const opened: Window = { until: at + WINDOW_MS, lines: 1, suppressed: known?.suppressed ?? 0, logger };
  windows.set(key, opened);
  const timer = setTimeout(() => {
    if (windows.get(key) === opened) windows.delete(key);
    const { suppressed, logger: last } = opened;
    if (suppressed > 0) write(level, last, { ...fields, suppressed }, `${suppressed} more ${message}`);
  }, WINDOW_MS);
  timer.unref?.(); // a page's is a number
  return false;
}

// ---------- Addresses ----------

/** The peer's address, where it is known: Node tells it while the connection stands, and keeps it once it was asked for. */
export function peerAddress(stream: Duplex | null): string | undefined {
  try {
    const socket = (stream as { _parent?: Duplex | null } | null)?._parent ?? stream;
    return (socket as { remoteAddress?: string } | null)?.remoteAddress;
  } catch {
    return undefined; // a stream of the application's own, by a getter of its own
  }
}

/**
 * Asks for the peer's address while the connection stands, if somebody may want to know it later. Otherwise it is not asked for:
 * that takes a tenth of what accepting a connection costs.
 */
export function keepPeerAddress(stream: Duplex, logger: LoggerOption): void {
  // TLS fails in ways that are logged at warn, and costs so much that asking is nothing beside it.
  if (wantsPeerAddress(logger) || 'encrypted' in stream) peerAddress(stream);
}

/** Whether somebody may want to know the addresses of connections that are over. */
export function wantsPeerAddress(logger: LoggerOption): boolean {
  return openingFailedChannel.hasSubscribers || isSeen('debug', logger);
}
