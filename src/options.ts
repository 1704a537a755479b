import { closest, distance } from 'fastest-levenshtein';
import { withCode } from './errors';
import type { Logger } from './log';

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
  readonly logger: Logger | false | undefined;
  readonly control: 'auto' | 'native' | 'portable';

  constructor(options: LingerOptions, wsCloseTimeout: number | undefined) {
    this.closeTimeout = options.closeTimeout ?? 2_000;
    this.closeDeadline = options.closeDeadline ?? wsCloseTimeout ?? 30_000;
    this.terminate = options.terminate ?? 'auto';
    this.onTimeout = options.onTimeout ?? 'reset';
    this.logger = options.logger;
    this.control = options.control ?? 'auto';
  }
}

type Check = (name: string, value: unknown) => void;

const CHECKS: Record<keyof LingerOptions, Check> = {
  closeTimeout: milliseconds,
  closeDeadline: milliseconds,
  terminate: oneOf('auto', 'reset', 'destroy'),
  onTimeout: oneOf('reset', 'destroy'),
  logger: checkLogger,
  control: oneOf('auto', 'native', 'portable'),
};

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
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(CHECKS, name)) throw unknownOption(name);
    if (value !== undefined) CHECKS[name as keyof LingerOptions](`linger.${name}`, value);
  }
  return new Settings(options, wsCloseTimeout);
}

const DEFAULTS = new Settings({}, undefined);

const MAX_TIMER = 2 ** 31 - 1; // the longest that setTimeout can wait

/** Throws unless `value` is a time that a timer can wait for. */
export function milliseconds(name: string, value: unknown): void {
  if (typeof value !== 'number') throw wrongType(name, 'a number of milliseconds', value);
  if (!Number.isInteger(value) || value < 1 || value > MAX_TIMER) {
    throw withCode(
      new RangeError(`${name} must be an integer from 1 to ${MAX_TIMER} milliseconds, not ${value}`),
      'WSL_ERR_OPTION_RANGE',
    );
  }
}

function oneOf(...allowed: string[]): Check {
  const list = allowed.map((word) => `'${word}'`).join(', ');
  return (name, value) => {
    if (typeof value !== 'string') throw wrongType(name, `one of ${list}`, value);
    if (!allowed.includes(value)) {
      throw withCode(new RangeError(`${name} must be one of ${list}, not '${value}'`), 'WSL_ERR_OPTION_RANGE');
    }
  };
}

function checkLogger(name: string, value: unknown): void {
  if (value === false) return;
  const logger = value as Partial<Logger> | null;
  if (typeof logger?.debug !== 'function' || typeof logger.warn !== 'function') {
    throw wrongType(name, 'false or a logger with debug() and warn()', value);
  }
}

function wrongType(name: string, wanted: string, value: unknown): Error {
  const got = value === null ? 'null' : typeof value;
  return withCode(new TypeError(`${name} must be ${wanted}, not ${got}`), 'WSL_ERR_OPTION_TYPE');
}

function unknownOption(name: string): Error {
  const near = closest(name, Object.keys(CHECKS));
  const hint = distance(name, near) <= 3 ? `, did you mean linger.${near}?` : '';
  return withCode(new TypeError(`linger.${name} is no option${hint}`), 'WSL_ERR_UNKNOWN_OPTION');
}
