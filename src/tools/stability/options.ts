/** The options of a stability run, with their defaults and checks. */
import { type Check, checkAll, flag, milliseconds, outOfRange, wrongType } from '../../options';
import { DEFAULT_MIX, type Mix, SCENARIOS } from './plan';
import { PROFILE_SETTINGS, PROFILES, type Profile } from './profiles';
import type { StabilityProgress } from './timeline';

/** The options of `runStability()`. Each has a default. */
export interface StabilityOptions {
  /**
   * The address of the server to test, `ws:` or `wss:`.
   * @defaultValue the run starts a ws-linger server in a child process
   */
  url?: string | undefined;
  /**
   * Start a server of plain ws instead of ws-linger. Not together with `url`.
   * @defaultValue false
   */
  plain?: boolean | undefined;
  /**
   * A kind of client: sets `mix`, `messages`, `reconnect` and `outages` where they are not given.
   * @defaultValue none of them
   */
  profile?: Profile | undefined;
  /**
   * Take the network away from all connections for 0.7 s, every 3 s. It needs Linux, root and `ip`, and a server that the run
   * starts; elsewhere `outages` of the result says why there were none.
   * @defaultValue false
   */
  outages?: boolean | undefined;
  /**
   * Connections that are open at the same time.
   * @defaultValue 200
   */
  connections?: number | undefined;
  /**
   * Numbered messages per connection. Connections of the scenario `clean` send as many again while the others break.
   * @defaultValue 10
   */
  messages?: number | undefined;
  /**
   * Whether the server sends each message back. Without echoes, the run cannot see a lost message.
   * @defaultValue true
   */
  echo?: boolean | undefined;
  /**
   * Relative weights of the scenarios, which are the ways in which connections end.
   * @defaultValue clean 1, rst 2, fin 1, cut 1, stall 1, kill 1, slow 1, pause 1, cutoff 1
   */
  mix?: Mix | undefined;
  /**
   * Decides which connection gets which scenario: the same seed and mix give the same plan. An integer from 0.
   * @defaultValue 1
   */
  seed?: number | undefined;
  /**
   * The limit for opening a connection, for exchanging its messages, and for ending it, each. In ms. The time that a client of
   * `slow`, `pause` or `cutoff` takes for its part is added.
   * @defaultValue 15000
   */
  timeout?: number | undefined;
  /**
   * How many connections the run begins per second.
   * @defaultValue no rate: 100 connections open at a time
   */
  rate?: number | undefined;
  /**
   * How often each client reconnects after its connection has ended. A failed attempt is repeated with a growing delay.
   * @defaultValue 0
   */
  reconnect?: number | undefined;
  /**
   * Repeat the round, each time with the next seed, until this many ms have passed, and judge whether the server's
   * memory or handles grow from round to round.
   * @defaultValue one round
   */
  duration?: number | undefined;
  /**
   * Accept any certificate. For test servers only.
   * @defaultValue false
   */
  insecure?: boolean | undefined;
  /** Headers of the opening handshake, such as Authorization or Origin. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Subprotocols to offer, RFC 6455 §1.9. */
  protocols?: readonly string[] | undefined;
  /** Cancels the run when it is aborted. The promise resolves with the results until then. */
  signal?: AbortSignal | undefined;
  /** Called four times a second with the progress of the run. */
  onProgress?: ((progress: StabilityProgress) => void) | undefined;
}

/** The options after validation. */
export type StabilitySettings = Required<Omit<StabilityOptions, Optional>> & Pick<StabilityOptions, Optional>;
type Optional = 'url' | 'profile' | 'rate' | 'duration' | 'signal' | 'onProgress';

const DEFAULTS = {
  plain: false,
  outages: false,
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
  profile: (name, value) => {
    if (typeof value !== 'string') throw wrongType(name, 'the name of a profile', value);
    if (!PROFILES.includes(value as Profile))
      throw outOfRange(`${name} must be one of ${PROFILES.join(', ')}, not '${value}'`);
  },
  outages: flag,
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

/** Checks the options and fills in their defaults. Throws a `WSL_ERR_*` error before anything starts. */
export function parseStabilityOptions(options: StabilityOptions): StabilitySettings {
  const own = checkAll<StabilityOptions>('stability', options, CHECKS);
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  const profile = own.profile ? PROFILE_SETTINGS[own.profile].settings : {};
  const settings: StabilitySettings = { ...DEFAULTS, ...profile, ...given };
  if (settings.url && settings.plain)
    throw outOfRange('plain makes the run start a server, so it cannot be used with url');
  if (!settings.url && !settings.echo)
    throw outOfRange('echo: false needs a url, because the server that the run starts always echoes');
  return settings;
}

/** Whether the text is a `ws:` or `wss:` address. */
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
