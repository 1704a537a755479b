import { closest, distance } from 'fastest-levenshtein';
import { withCode } from './errors';
import type { HeartbeatOptions } from './heartbeat';
import type { Logger, LoggerOption } from './log';

/** The `linger` option of `WebSocket`, `WebSocketServer` and `attach()`. */
export interface LingerOptions {
  /**
   * A close gives up after this long without progress, that is without a byte read from or accepted by the peer.
   * In ms, a positive integer.
   * @defaultValue 2000
   */
  closeTimeout?: number;
  /**
   * A close gives up after this long in all cases. In ms, a positive integer.
   * @defaultValue ws's own `closeTimeout` option where it is given, else 30000
   */
  closeDeadline?: number;
  /**
   * What `terminate()` does. `'auto'`: as ws where nothing waits to be sent, RST where ws would cut the stream.
   * `'reset'`: always RST. `'destroy'`: always as ws.
   * @defaultValue 'auto'
   */
  terminate?: 'auto' | 'reset' | 'destroy';
  /**
   * What giving up a close does: RST, or destroy as ws does.
   * @defaultValue 'reset'
   */
  onTimeout?: 'reset' | 'destroy';
  /**
   * Where ends are logged: expected ones at debug, others at warn. Any logger of pino's shape, or false for none.
   * @defaultValue pino at level warn to stderr, loaded when it is first needed
   */
  logger?: Logger | false;
  /**
   * Finds peers that have vanished without a word: pings (RFC 6455 §5.5.2), and gives a peer up of which nothing at all has
   * come for `timeout` ms after a ping. It takes at most `interval + timeout` ms. `true` stands for
   * `{ interval: 30_000, timeout: 10_000 }`. A connection that is paused here is not judged, nor is
   * one over a stream that does not count its bytes. On Linux a peer that still takes of what the kernel holds for it is alive;
   * elsewhere nobody can tell, so `timeout` should be longer than what the kernel holds (some MB) takes on a slow line.
   * @defaultValue false
   */
  heartbeat?: boolean | Partial<HeartbeatOptions>;
  /**
   * A peer for which more bytes than this are queued is given up, as `slow-consumer`. What the kernel has taken does not
   * count, as in `bufferedAmount`. Looked at four times a second. A positive integer, or Infinity for no limit.
   * @defaultValue Infinity
   */
  maxBufferedAmount?: number;
  /**
   * A peer for which bytes are queued, and that takes none of them for this long, is given up as `slow-consumer`. In ms, a
   * positive integer. On Windows a message is taken as a whole, so it should be longer than the longest one takes.
   * @defaultValue no limit
   */
  sendTimeout?: number;
  /**
   * Whether a peer that breaks the protocol ends as a logged disconnect where the WebSocket has no 'error' listener. With
   * `false` it is an uncaught exception there, as in ws.
   * @defaultValue true
   */
  guard?: boolean;
  /**
   * The socket of an upgrade request that nobody has answered for this long is closed, and so is one that was refused and
   * that its peer does not close. Servers only. In ms, a positive integer.
   * @defaultValue 10000
   */
  upgradeTimeout?: number;
  /**
   * How sockets are handled. `'native'` needs the Windows addon and throws `WSL_ERR_NATIVE_UNAVAILABLE` where it is
   * not loaded; the environment variable `WS_LINGER_NATIVE=0` keeps it from being loaded.
   * @defaultValue 'auto'
   */
  control?: 'auto' | 'native' | 'portable';
}

/** Options after validation, with all defaults filled in. */
export class Settings {
  readonly closeTimeout: number;
  readonly closeDeadline: number;
  readonly terminate: 'auto' | 'reset' | 'destroy';
  readonly onTimeout: 'reset' | 'destroy';
  readonly logger: LoggerOption;
  readonly control: 'auto' | 'native' | 'portable';
  readonly heartbeat: HeartbeatOptions | null;
  readonly maxBufferedAmount: number;
  readonly sendTimeout: number;
  readonly guard: boolean;
  readonly upgradeTimeout: number;

  constructor(options: LingerOptions, wsCloseTimeout: number | undefined) {
    this.closeTimeout = options.closeTimeout ?? 2_000;
    this.closeDeadline = options.closeDeadline ?? wsCloseTimeout ?? 30_000;
    this.terminate = options.terminate ?? 'auto';
    this.onTimeout = options.onTimeout ?? 'reset';
    this.logger = options.logger;
    this.control = options.control ?? 'auto';
    this.heartbeat = options.heartbeat ? heartbeatOf(options.heartbeat === true ? {} : options.heartbeat) : null;
    this.maxBufferedAmount = options.maxBufferedAmount ?? Number.POSITIVE_INFINITY;
    this.sendTimeout = options.sendTimeout ?? Number.POSITIVE_INFINITY;
    this.guard = options.guard ?? true;
    this.upgradeTimeout = options.upgradeTimeout ?? 10_000;
  }
}

function heartbeatOf({ interval = 30_000, timeout = 10_000 }: Partial<HeartbeatOptions>): HeartbeatOptions {
  return { interval, timeout };
}

export type Check = (name: string, value: unknown) => void;

const CHECKS: Record<keyof LingerOptions, Check> = {
  closeTimeout: milliseconds,
  closeDeadline: milliseconds,
  terminate: oneOf('auto', 'reset', 'destroy'),
  onTimeout: oneOf('reset', 'destroy'),
  logger: checkLogger,
  control: oneOf('auto', 'native', 'portable'),
  heartbeat: checkHeartbeat,
  maxBufferedAmount: bytes,
  sendTimeout: milliseconds,
  guard: flag,
  upgradeTimeout: milliseconds,
};

const HEARTBEAT_CHECKS: Record<keyof HeartbeatOptions, Check> = { interval: milliseconds, timeout: milliseconds };

/**
 * Checks the `linger` option and fills in its defaults. Throws `WSL_ERR_UNKNOWN_OPTION`, `WSL_ERR_OPTION_TYPE` or
 * `WSL_ERR_OPTION_RANGE` before anything is touched.
 */
export function parseOptions(options: unknown, wsCloseTimeout?: number): Settings {
  if (options instanceof Settings) return options;
  if (options === undefined) return wsCloseTimeout === undefined ? DEFAULTS : new Settings({}, wsCloseTimeout);
  if (typeof options !== 'object' || options === null) {
    throw wrongType('linger', 'an object', options);
  }
  checkAll('linger', options, CHECKS);
  return new Settings(options, wsCloseTimeout);
}

/** Checks each value of an object by its name. */
export function checkAll(prefix: string, values: object, checks: Readonly<Record<string, Check>>): void {
  for (const [name, value] of Object.entries(values)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (!check) throw unknownOption(prefix, name, Object.keys(checks));
    if (value !== undefined) check(`${prefix}.${name}`, value);
  }
}

const DEFAULTS = new Settings({}, undefined);

export const MAX_TIMER = 2 ** 31 - 1; // the longest that setTimeout can wait

/** Throws unless `value` is a time that a timer can wait for. */
export function milliseconds(name: string, value: unknown): void {
  if (typeof value !== 'number') throw wrongType(name, 'a number of milliseconds', value);
  if (!Number.isInteger(value) || value < 1 || value > MAX_TIMER) {
    throw outOfRange(`${name} must be an integer from 1 to ${MAX_TIMER} milliseconds, not ${value}`);
  }
}

function bytes(name: string, value: unknown): void {
  if (typeof value !== 'number') throw wrongType(name, 'a number of bytes', value);
  if (value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && value >= 1)) return;
  throw outOfRange(`${name} must be a positive integer or Infinity, not ${value}`);
}

export function flag(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw wrongType(name, 'true or false', value);
}

function checkHeartbeat(name: string, value: unknown): void {
  if (typeof value === 'boolean') return;
  if (typeof value !== 'object' || value === null) throw wrongType(name, 'true, false or an object', value);
  checkAll(name, value, HEARTBEAT_CHECKS);
}

function oneOf(...allowed: string[]): Check {
  const list = allowed.map((word) => `'${word}'`).join(', ');
  return (name, value) => {
    if (typeof value !== 'string') throw wrongType(name, `one of ${list}`, value);
    if (!allowed.includes(value)) throw outOfRange(`${name} must be one of ${list}, not '${value}'`);
  };
}

function checkLogger(name: string, value: unknown): void {
  if (value === false) return;
  const logger = value as Partial<Logger> | null;
  if (typeof logger?.debug !== 'function' || typeof logger.warn !== 'function') {
    throw wrongType(name, 'false or a logger with debug() and warn()', value);
  }
}

export function outOfRange(message: string): Error {
  return withCode(new RangeError(message), 'WSL_ERR_OPTION_RANGE');
}

export function wrongType(name: string, wanted: string, value: unknown): Error {
  const got = value === null ? 'null' : typeof value;
  return withCode(new TypeError(`${name} must be ${wanted}, not ${got}`), 'WSL_ERR_OPTION_TYPE');
}

function unknownOption(prefix: string, name: string, known: string[]): Error {
  const near = closest(name, known);
  const hint = distance(name, near) <= 3 ? `, did you mean ${prefix}.${near}?` : '';
  return withCode(new TypeError(`${prefix}.${name} is no option${hint}`), 'WSL_ERR_UNKNOWN_OPTION');
}
