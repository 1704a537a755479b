import { withCode } from './errors';
import { nearest } from './nearest';

/** The part of a pino logger that this package uses. */
export interface Logger {
  /** Told of what peers do in a normal day. */
  debug(fields: object, message: string): void;
  /** Told of what an operator should know. */
  warn(fields: object, message: string): void;
  /** Where it is there, lines that nobody would see are not made. */
  isLevelEnabled?(level: string): boolean;
}

export type LoggerOption = Logger | false | undefined;

/** How this side ends a connection whose time is over: by FIN or RST as `howToCut()` says, always by RST, or always by FIN. */
export type OnTimeout = 'auto' | 'reset' | 'destroy';

/** How often peers are pinged, and how long they have to answer. */
export interface HeartbeatOptions {
  /**
   * A peer is pinged (RFC 6455 §5.5.2) about this often, never less often. It must be below the shortest idle limit of the proxies
   * on the way: docs/recipes/proxies.md. In ms.
   */
  interval: number;
  /** A peer of which not one byte has come for so long after a ping is given up. In ms. */
  timeout: number;
}

/**
 * The `linger` option of `WebSocket`, `WebSocketServer` and `attach()`. For what it does not say, the environment variable
 * `WS_LINGER_OPTIONS` counts, then `setDefaults()`, then the defaults that are given here.
 */
export interface LingerOptions {
  /**
   * The application is told of the end of a close after this long without progress, that is without a byte read from or
   * accepted by the peer. The socket goes on delivering what was sent, until `closeDeadline`. In ms, a positive integer.
   * @defaultValue ws's own `closeTimeout` option where it is given, else 2000; `closeDeadline` where that is shorter
   */
  closeTimeout?: number;
  /**
   * The socket is gone after this long from the beginning of the close, whatever waits. In ms, an integer that is not below
   * `closeTimeout`.
   * @defaultValue ws's own `closeTimeout` option where it is given, else 30000; `closeTimeout` where that is longer
   */
  closeDeadline?: number;
  /**
   * What `terminate()` does. `'destroy'`: as in ws. `'reset'`: RST, as `abort()`.
   * @defaultValue 'destroy'
   */
  terminate?: 'reset' | 'destroy';
  /**
   * How this side ends a connection at `closeDeadline`, and one whose peer it gives up. `'auto'`: by FIN, but at
   * `closeDeadline` by RST where the system says that the peer has been there for 25 s without reading (a zero window; only
   * Linux and Windows from 10 1703 on say so). `'reset'`: always by RST. `'destroy'`: always by FIN, as ws. RST destroys what is on its way.
   * @defaultValue 'auto'
   */
  onTimeout?: OnTimeout;
  /**
   * Where ends are logged: expected ones at debug, others at warn. Any logger of pino's shape, or false for none.
   * @defaultValue pino at level warn to stderr, which it never waits for; nothing of what an 'error' listener was told
   */
  logger?: Logger | false;
  /**
   * TCP keep-alive (RFC 9293 §3.8.4): when nothing has come from the peer for this long, its system is asked once a second, and
   * the connection ends as `timed-out` when it has not answered ten times. This finds an idle peer that has vanished in
   * about 40 s, without a ping and without the peer's program. Where the application has turned keep-alive on for the socket
   * itself, that stays; only 0 turns it off. On Linux it is turned on within 5 s after 'open', where it is at least 10 s; the silence
   * before that counts. In ms, an integer; the system counts seconds, from 1 to 32,767.
   * @defaultValue 30000
   */
  keepAlive?: number;
  /**
   * Finds peers that have vanished, and peers whose program hangs: pings (RFC 6455 §5.5.2), and gives a peer up of which not
   * one byte has come for `timeout` ms after a ping. It takes at most `interval + timeout` ms. `true` stands for
   * `{ interval: 30_000, timeout: 10_000 }`. A connection that is paused here is not judged, and each pause begins the time
   * anew. On Linux and Windows a peer that still takes of what the kernel holds for it is alive; elsewhere nobody can tell, so
   * `timeout` should be longer than what the kernel holds (some MB) takes on a slow line. After the process was stopped
   * or the machine slept, all peers are pinged at once.
   * @defaultValue false
   */
  heartbeat?: boolean | Partial<HeartbeatOptions>;
  /**
   * A peer for which more bytes than this are queued is given up, as `slow-consumer`. What the kernel has taken does not
   * count, as in `bufferedAmount`. Looked at twice a second, and four times while something is queued. A positive integer, or
   * Infinity for no limit.
   * @defaultValue Infinity
   */
  maxBufferedAmount?: number;
  /**
   * A peer for which bytes are queued, and that takes none of them for this long, is given up as `slow-consumer`. On Linux, and
   * natively on Windows, what the peer's system acknowledges counts; elsewhere only what this system accepts is known, which on
   * Windows is whole messages, so that the limit should be longer than the longest one takes. In ms, a positive integer.
   * @defaultValue no limit
   */
  sendTimeout?: number;
  /**
   * A connection is closed with 1001 when it is this old, give or take a tenth, which differs for each connection so that they
   * do not all come back together. For balancers, and for credentials that expire. In ms, a positive integer.
   * @defaultValue no limit
   */
  maxAge?: number;
  /**
   * How many sockets of a server may go on delivering at once after their WebSockets were closed, or of all clients with the
   * same options. Above it the oldest is ended as at `closeDeadline`, and what waits for its peer is lost. An integer from 0,
   * or Infinity for no limit.
   * @defaultValue Infinity, since ws keeps such sockets for its 30 s too
   */
  maxLingering?: number;
  /**
   * As `maxLingering`, by the bytes that wait in all of them together. What the kernel has taken does not count. A positive
   * integer, or Infinity for no limit.
   * @defaultValue Infinity
   */
  maxLingeringBytes?: number;
  /**
   * Whether a peer that breaks the protocol ends as a logged disconnect where the WebSocket has no 'error' listener. With
   * `false` it is an uncaught exception there, as in ws.
   * @defaultValue true
   */
  guard?: boolean;
  /**
   * The socket of an upgrade request that nobody has answered for this long is closed, and so is one that was refused, once the
   * refusal is delivered, and that its peer does not close. Servers only; of several on one HTTP server the longest counts. In ms,
   * a positive integer.
   * @defaultValue 10000
   */
  upgradeTimeout?: number;
  /**
   * How many of its last ends a server keeps for `recentEnds()`. Servers only. An integer; 0 for none.
   * @defaultValue 1000
   */
  recentEnds?: number;
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
  readonly terminate: 'reset' | 'destroy';
  readonly onTimeout: OnTimeout;
  readonly logger: LoggerOption;
  readonly control: 'auto' | 'native' | 'portable';
  readonly keepAlive: number;
  readonly heartbeat: HeartbeatOptions | null;
  readonly maxBufferedAmount: number;
  readonly sendTimeout: number;
  readonly maxAge: number;
  readonly maxLingering: number;
  readonly maxLingeringBytes: number;
  readonly guard: boolean;
  readonly upgradeTimeout: number;
  readonly recentEnds: number;

  constructor(options: LingerOptions, wsCloseTimeout: number | undefined) {
    const { closeTimeout, closeDeadline } = options;
    this.closeTimeout = closeTimeout ?? Math.min(wsCloseTimeout ?? 2_000, closeDeadline ?? MAX_TIMER);
    this.closeDeadline = closeDeadline ?? Math.max(wsCloseTimeout ?? 30_000, this.closeTimeout);
    this.terminate = options.terminate ?? 'destroy';
    this.onTimeout = options.onTimeout ?? 'auto';
    this.logger = options.logger;
    this.control = options.control ?? 'auto';
    this.keepAlive = options.keepAlive ?? 30_000;
    this.heartbeat = options.heartbeat ? heartbeatOf(options.heartbeat) : null;
    this.maxBufferedAmount = options.maxBufferedAmount ?? Number.POSITIVE_INFINITY;
    this.sendTimeout = options.sendTimeout ?? Number.POSITIVE_INFINITY;
    this.maxAge = options.maxAge ?? Number.POSITIVE_INFINITY;
    this.maxLingering = options.maxLingering ?? Number.POSITIVE_INFINITY;
    this.maxLingeringBytes = options.maxLingeringBytes ?? Number.POSITIVE_INFINITY;
    this.guard = options.guard ?? true;
    this.upgradeTimeout = options.upgradeTimeout ?? 10_000;
    this.recentEnds = options.recentEnds ?? 1_000;
  }
}

function heartbeatOf(given: true | Partial<HeartbeatOptions>): HeartbeatOptions {
  const { interval = 30_000, timeout = 10_000 } = given === true ? {} : given;
  return { interval, timeout };
}

export type Check = (name: string, value: unknown) => void;

const CHECKS: Record<keyof LingerOptions, Check> = {
  closeTimeout: milliseconds,
  closeDeadline: milliseconds,
  terminate: oneOf('reset', 'destroy'),
  onTimeout: oneOf('auto', 'reset', 'destroy'),
  logger: checkLogger,
  control: oneOf('auto', 'native', 'portable'),
  keepAlive: (name, value) => value === 0 || milliseconds(name, value),
  heartbeat: checkHeartbeat,
  maxBufferedAmount: bytes,
  sendTimeout: milliseconds,
  maxAge: milliseconds,
  maxLingering: (name, value) => value === Number.POSITIVE_INFINITY || count(name, value),
  maxLingeringBytes: bytes,
  guard: flag,
  upgradeTimeout: milliseconds,
  recentEnds: count,
};

const HEARTBEAT_CHECKS: Record<keyof HeartbeatOptions, Check> = { interval: milliseconds, timeout: milliseconds };

/**
 * Checks a set of options that stands under the name `prefix`, and returns a copy. Throws `WSL_ERR_UNKNOWN_OPTION`,
 * `WSL_ERR_OPTION_TYPE` or `WSL_ERR_OPTION_RANGE` before anything is touched.
 */
export function checkLinger(prefix: string, options: unknown): LingerOptions {
  const own = checkAll<LingerOptions>(prefix, options, CHECKS);
  if (typeof own.heartbeat === 'object') {
    own.heartbeat = checkAll<HeartbeatOptions>(`${prefix}.heartbeat`, own.heartbeat, HEARTBEAT_CHECKS);
  }
  const { closeTimeout, closeDeadline } = own;
  if (closeTimeout !== undefined && closeDeadline !== undefined && closeDeadline < closeTimeout) {
    const limit = `${prefix}.closeTimeout (${closeTimeout})`;
    throw outOfRange(`${prefix}.closeDeadline (${closeDeadline}) must not be below ${limit}`);
  }
  return own;
}

/**
 * Reads the values of an options object once, getters and inherited ones too, but nothing of Object.prototype, and checks each by
 * its name. Returns a copy, without a prototype.
 */
export function checkAll<T extends object>(
  prefix: string,
  given: unknown,
  checks: Readonly<Record<keyof T, Check>>,
): T {
  if (!isOptionsObject(given)) throw wrongType(prefix, 'an object', given);
  const values = Object.create(null) as Record<string, unknown>;
  for (const name of namesIn(given, checks)) values[name] = given[name];
  for (const [name, value] of Object.entries(values)) {
    const check = Object.hasOwn(checks, name) ? checks[name as keyof T] : undefined;
    if (!check) throw unknownOption(prefix, name, Object.keys(checks));
    if (value !== undefined) check(`${prefix}.${name}`, value);
  }
  return values as T;
}

/**
 * The names of an options object and of its classes, whose getters nobody enumerates; of Object.prototype, to which anybody may have
 * added, none.
 */
function namesIn(given: object, known: object): Set<string> {
  const names = new Set<string>();
  for (
    let owner = given;
    owner === given || !isObjectPrototype(owner);
    owner = Object.getPrototypeOf(owner) as object
  ) {
    for (const [name, { enumerable }] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
      if (enumerable || Object.hasOwn(known, name)) names.add(name);
    }
  }
  return names;
}

/** That of another realm, too: an object without a prototype whose methods are an object's. */
function isObjectPrototype(owner: object | null): boolean {
  return owner === null || (Object.getPrototypeOf(owner) === null && Object.hasOwn(owner, 'hasOwnProperty'));
}

/** An array, a Map or a Date has none of the names that count, and would pass as if nothing had been given. */
function isOptionsObject(given: unknown): given is Record<string, unknown> {
  const kind = Object.prototype.toString.call(given);
  return typeof given === 'object' && (kind === '[object Object]' || kind === '[object Module]');
}

/** Whether these options, of which `wanted` was made, ask for nothing that the settings do not have already. */
export function asksForSame(settings: Settings, options: object | undefined, wanted: Settings): boolean {
  const given = options ?? {};
  const names = [...namesIn(given, CHECKS)] as (keyof LingerOptions)[];
  return names.every((name) => isUnset(given, name) || isSame(wanted[name], settings[name]));
}

/** Known without calling a getter again, which may give another value by now. */
function isUnset(given: object, name: string): boolean {
  const property = Object.getOwnPropertyDescriptor(given, name);
  return property !== undefined && 'value' in property && property.value === undefined;
}

function isSame(one: unknown, other: unknown): boolean {
  const [first, second] = [one, other] as (HeartbeatOptions | null)[];
  if (!first || !second || typeof first.interval !== 'number') return one === other;
  return first.interval === second.interval && first.timeout === second.timeout;
}

/** A value of an object's own: of ws's options, too, only those count. */
export function ownValue<T extends object, K extends keyof T>(options: T, name: K): T[K] | undefined {
  return Object.hasOwn(options, name) ? options[name] : undefined;
}

/** Names that ws does not have. Of those, what stands beside `linger` rather than in it was meant to be in it. */
const MISPLACED = [
  'closeDeadline',
  'onTimeout',
  'heartbeat',
  'maxBufferedAmount',
  'sendTimeout',
  'maxAge',
  'maxLingering',
  'maxLingeringBytes',
  'upgradeTimeout',
  'recentEnds',
] as const satisfies (keyof LingerOptions)[];

let hasWarned = false;

/** Warns once of options that stand beside `linger`, where ws ignores them in silence. */
export function warnOfMisplaced(options: object): void {
  if (hasWarned) return;
  const name = MISPLACED.find((option) => Object.hasOwn(options, option));
  if (!name) return;
  hasWarned = true;
  process.emitWarning(
    `the option ${name} has no effect beside \`linger\`: it belongs into \`linger: { ${name}: … }\``,
    {
      type: 'ws-linger',
      code: 'WSL_WARN_MISPLACED_OPTION',
    },
  );
}

export const MAX_TIMER = 2 ** 31 - 1; // the longest that setTimeout can wait

/** Throws unless `value` is a time that a timer can wait for. */
export function milliseconds(name: string, value: unknown): void {
  if (typeof value !== 'number') throw wrongType(name, 'a number of milliseconds', value);
  if (!Number.isInteger(value) || value < 1 || value > MAX_TIMER) {
    throw outOfRange(`${name} must be an integer from 1 to ${MAX_TIMER} milliseconds, not ${value}`);
  }
}

function count(name: string, value: unknown): void {
  if (typeof value !== 'number') throw wrongType(name, 'a number', value);
  if (!Number.isInteger(value) || value < 0 || value > MAX_KEPT) {
    throw outOfRange(`${name} must be an integer from 0 to ${MAX_KEPT}, not ${value}`);
  }
}

/** A ring of this size takes some hundred MB when it is full. */
const MAX_KEPT = 1_000_000;

function bytes(name: string, value: unknown): void {
  if (typeof value !== 'number') throw wrongType(name, 'a number of bytes', value);
  if (value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && value >= 1)) return;
  throw outOfRange(`${name} must be a positive integer or Infinity, not ${value}`);
}

export function flag(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw wrongType(name, 'true or false', value);
}

function checkHeartbeat(name: string, value: unknown): void {
  if (typeof value !== 'boolean' && !isOptionsObject(value)) throw wrongType(name, 'true, false or an object', value);
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
  const kind = Object.prototype.toString.call(value).slice('[object '.length, -1);
  const got = typeof value !== 'object' || value === null || kind === 'Object' ? kind.toLowerCase() : kind;
  return withCode(new TypeError(`${name} must be ${wanted}, not ${got}`), 'WSL_ERR_OPTION_TYPE');
}

function unknownOption(prefix: string, name: string, known: string[]): Error {
  const near = nearest(name, known);
  const hint = near ? `, did you mean ${prefix}.${near}?` : '';
  return withCode(new TypeError(`${prefix}.${name} is no option${hint}`), 'WSL_ERR_UNKNOWN_OPTION');
}
