/** The options of a stability run, with their defaults and checks. */
import { type Check, checkAll, flag, milliseconds, outOfRange, wrongType } from '../../options';
import { DEFAULT_MIX, type Mix, SCENARIOS } from './plan';
import type { StabilityProgress } from './timeline';

/** What `runStability()` can be asked for; everything has a default. */
export interface StabilityOptions {
  /**
   * The server to test, `ws:` or `wss:`.
   * @defaultValue a server of this package, started for the run in a process of its own
   */
  url?: string | undefined;
  /**
   * Start plain ws in place of this package as that server. Not with `url`.
   * @defaultValue false
   */
  plain?: boolean | undefined;
  /**
   * Connections that are open at the same time.
   * @defaultValue 200
   */
  connections?: number | undefined;
  /**
   * Numbered messages per connection; those that end cleanly send as many again while the others are broken.
   * @defaultValue 10
   */
  messages?: number | undefined;
  /**
   * Whether the server sends each message back, so that a lost one is seen.
   * @defaultValue true
   */
  echo?: boolean | undefined;
  /**
   * Relative weights of the ways in which connections are ended.
   * @defaultValue clean 1, rst 2, fin 1, cut 1, stall 1, kill 1, slow 1, pause 1, cutoff 1
   */
  mix?: Mix | undefined;
  /**
   * Which connection is ended in which way: the same seed gives the same run. An integer from 0.
   * @defaultValue 1
   */
  seed?: number | undefined;
  /**
   * How long a connection may take to open, to exchange its messages, and to end, each. In ms.
   * @defaultValue 15000
   */
  timeout?: number | undefined;
  /**
   * Connections that are begun per second.
   * @defaultValue as many as can be, 100 at a time
   */
  rate?: number | undefined;
  /**
   * How often each client comes back after its end, waiting longer and longer where nobody answers.
   * @defaultValue 0
   */
  reconnect?: number | undefined;
  /**
   * Begin another round, with the next seed, until so many ms have passed, and watch what the server's memory and
   * handles do from round to round.
   * @defaultValue one round
   */
  duration?: number | undefined;
  /**
   * Accept any certificate. For test servers only.
   * @defaultValue false
   */
  insecure?: boolean | undefined;
  /** Headers of the opening request, such as Authorization or Origin. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Subprotocols to offer, RFC 6455 §1.9. */
  protocols?: readonly string[] | undefined;
  /** Ends the run when it is aborted; what has been seen until then is the result. */
  signal?: AbortSignal | undefined;
  /** Told a few times a second how the run stands. */
  onProgress?: ((progress: StabilityProgress) => void) | undefined;
}

/** The options after validation. */
export type StabilitySettings = Required<Omit<StabilityOptions, Optional>> & Pick<StabilityOptions, Optional>;
type Optional = 'url' | 'rate' | 'duration' | 'signal' | 'onProgress';

const DEFAULTS = {
  plain: false,
  connections: 200,
  messages: 10,
  echo: true,
  mix: DEFAULT_MIX,
  seed: 1,
  timeout: 15_000,
  reconnect: 0,
  insecure: false,
  headers: {},
  protocols: [],
} satisfies StabilityOptions;

const CHECKS: Record<keyof StabilityOptions, Check> = {
  url: (name, value) => {
    if (typeof value !== 'string') throw wrongType(name, 'a ws: or wss: address', value);
    if (!isWebSocketUrl(value)) throw outOfRange(`${name} must be a ws: or wss: address, not '${value}'`);
  },
  plain: flag,
  connections: integer(1, 100_000),
  messages: integer(0, 1_000_000),
  echo: flag,
  mix: checkMix,
  seed: integer(0, 2 ** 31 - 1),
  timeout: milliseconds,
  rate: integer(1, 100_000),
  reconnect: integer(0, 1_000_000),
  duration: milliseconds,
  insecure: flag,
  headers: ofType('object'),
  protocols: (name, value) => {
    if (!Array.isArray(value)) throw wrongType(name, 'a list of names', value);
  },
  signal: (name, value) => {
    if (!(value instanceof AbortSignal)) throw wrongType(name, 'an AbortSignal', value);
  },
  onProgress: ofType('function'),
};

/** Checks the options and fills in their defaults. Throws `WSL_ERR_*` before anything is started. */
export function parseStabilityOptions(options: StabilityOptions): StabilitySettings {
  checkAll('stability', options, CHECKS);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings: StabilitySettings = { ...DEFAULTS, ...given };
  if (settings.url && settings.plain) throw outOfRange('plain starts a server of its own, so it goes without url');
  if (!settings.url && !settings.echo)
    throw outOfRange('the server that is started echoes, so echo: false needs a url');
  return settings;
}

/** Whether text is an address that a WebSocket can be opened to. */
export function isWebSocketUrl(text: string): boolean {
  return URL.canParse(text) && /^wss?:$/.test(new URL(text).protocol);
}

function ofType(type: 'object' | 'function'): Check {
  return (name, value) => {
    if (typeof value !== type || value === null) throw wrongType(name, `a ${type}`, value);
  };
}

function integer(min: number, max: number): Check {
  return (name, value) => {
    if (typeof value !== 'number') throw wrongType(name, 'a number', value);
    if (!Number.isInteger(value) || value < min || value > max) {
      throw outOfRange(`${name} must be an integer from ${min} to ${max}, not ${value}`);
    }
  };
}

const WEIGHTS = Object.fromEntries(SCENARIOS.map((scenario) => [scenario, integer(0, 1_000_000)]));

function checkMix(name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) throw wrongType(name, 'an object of weights', value);
  checkAll(name, value, WEIGHTS);
  if (!Object.values(value).some((weight) => weight > 0)) throw outOfRange(`${name} needs a weight above 0`);
}
