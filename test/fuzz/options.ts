/**
 * Option objects: any value in the place of the `linger` option, or any text in that of WS_LINGER_OPTIONS. Either all of it is taken as
 * it is, or a WSL_ERR_OPTION_* or WSL_ERR_UNKNOWN_OPTION is thrown, as a second description of the options says. What was given is
 * not changed.
 *
 * Input: whether it is text, the closeTimeout of ws, and the text or the value.
 */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { parseOptions } from '../../dist/defaults.js';
import { checkLinger, type LingerOptions, type Settings } from '../../dist/options.js';
import { Input } from './support/input.js';

const MAX_TIMER = 2 ** 31 - 1;
const CODES = ['WSL_ERR_UNKNOWN_OPTION', 'WSL_ERR_OPTION_TYPE', 'WSL_ERR_OPTION_RANGE'];

type Allows = (value: unknown) => boolean;
const isTime: Allows = (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_TIMER;
const isBytes: Allows = (value) => value === Infinity || (Number.isSafeInteger(value) && (value as number) >= 1);
const isCount: Allows = (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 1_000_000;
const isOneOf =
  (...words: unknown[]): Allows =>
  (value) =>
    words.includes(value);

/** Which values each option takes. */
const ALLOWED: Record<keyof LingerOptions, Allows> = {
  closeTimeout: isTime,
  closeDeadline: isTime,
  sendTimeout: isTime,
  maxAge: isTime,
  upgradeTimeout: isTime,
  keepAlive: (value) => Object.is(value, 0) || Object.is(value, -0) || isTime(value),
  terminate: isOneOf('reset', 'destroy'),
  onTimeout: isOneOf('auto', 'reset', 'destroy'),
  control: isOneOf('auto', 'native', 'portable'),
  guard: isOneOf(true, false),
  maxBufferedAmount: isBytes,
  recentEnds: isCount,
  maxLingering: (value) => value === Infinity || isCount(value),
  maxLingeringBytes: isBytes,
  logger: (value) => value === false || isLogger(value),
  heartbeat: (value) => isOneOf(true, false)(value) || isHeartbeat(value),
};

function isLogger(value: unknown): boolean {
  const { debug, warn } = (value ?? {}) as Record<string, unknown>;
  return typeof debug === 'function' && typeof warn === 'function';
}

function isHeartbeat(value: unknown): boolean {
  if (!isPlain(value)) return false;
  return visible(value, { interval: isTime, timeout: isTime }).every(
    ([name, time]) => ['interval', 'timeout'].includes(name) && (time === undefined || isTime(time)),
  );
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Object]';

/** The names and values that count: own ones and those of a class, known ones that nobody enumerates, too, but nothing of Object.prototype. */
function visible(value: object, known: object): [string, unknown][] {
  const names: string[] = [];
  for (let at: object | null = value; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, { enumerable }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (enumerable || Object.hasOwn(known, name)) names.push(name);
    }
  }
  return [...new Set(names)].map((name) => [name, (value as Record<string, unknown>)[name]]);
}

function isAllowed(given: unknown): boolean {
  if (!isPlain(given)) return false;
  const entries = visible(given, ALLOWED).filter(([, value]) => value !== undefined);
  const known = visible(given, ALLOWED).every(([name]) => Object.hasOwn(ALLOWED, name));
  const { closeTimeout = 1, closeDeadline = MAX_TIMER } = Object.fromEntries(entries) as Record<string, number>;
  return (
    known &&
    entries.every(([name, value]) => ALLOWED[name as keyof LingerOptions](value)) &&
    closeTimeout <= closeDeadline
  );
}

export function fuzz(data: Buffer): void {
  const input = new Input(data);
  const asText = input.flag();
  const wsLimit = anyValue(input, 2);
  if (asText) fuzzText(input.rest().toString());
  else fuzzObject(anyValue(input, 0), wsLimit);
}

/** The environment variable: what is JSON is checked as an object is. */
function fuzzText(text: string): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return;
  }
  checkOne(value, () => checkLinger('WS_LINGER_OPTIONS', value));
}

function fuzzObject(given: unknown, wsLimit: unknown): void {
  const parsed = checkOne(given, () => parseOptions(given, wsLimit));
  if (parsed) assertSettings(parsed, given as LingerOptions, wsLimit);
}

/** Returns what was made of it; null where it was refused. */
function checkOne<T>(given: unknown, parse: () => T): T | null {
  const before = inspect(given, SHOW_ALL);
  const allowed = isAllowed(given);
  let parsed: T | null = null;
  try {
    parsed = parse();
  } catch (error) {
    const { code, name, message } = error as NodeJS.ErrnoException;
    assert.ok(CODES.includes(code ?? ''), `${code}: ${inspect(error)}`);
    assert.equal(name, code === 'WSL_ERR_OPTION_RANGE' ? 'RangeError' : 'TypeError');
    assert.match(message, /^(linger|WS_LINGER_OPTIONS)\b/);
  }
  assert.equal(inspect(given, SHOW_ALL), before, 'what was given is as it was');
  assert.equal(parsed !== null, allowed || given === undefined, `${before} is ${allowed ? 'allowed' : 'wrong'}`);
  return parsed;
}

const SHOW_ALL = { depth: 8, showHidden: true, getters: false } as const;

function assertSettings(settings: Settings, given: LingerOptions | undefined, wsLimit: unknown): void {
  for (const [name, value] of Object.entries(settings)) {
    const isDefault = value === Infinity || value === null || value === undefined;
    assert.ok(isDefault || ALLOWED[name as keyof LingerOptions](value), `${name} ${inspect(value)}`);
  }
  assert.ok(settings.closeTimeout <= settings.closeDeadline, 'told before it is gone');
  for (const [name, value] of given ? visible(given, ALLOWED) : []) {
    if (value !== undefined && name !== 'heartbeat') {
      assert.equal(settings[name as keyof Settings], value, `${name} is what was given`);
    }
  }
  if (typeof wsLimit !== 'number' || Number.isNaN(wsLimit) || (given && 'closeDeadline' in given)) return;
  const limit = Math.min(Math.max(1, Math.round(wsLimit)), MAX_TIMER);
  assert.equal(settings.closeDeadline, Math.max(limit, settings.closeTimeout), "ws's own limit counts");
}

const NAMES = [
  ...Object.keys(ALLOWED),
  'interval',
  'timeout',
  'debug',
  'warn',
  '__proto__',
  'toString',
  'closetimeout',
  '',
];
const NUMBERS = [0, -0, 1, -1, 0.5, 2_000, 30_000, MAX_TIMER, MAX_TIMER + 1, 2 ** 53, Infinity, -Infinity, NaN];
const WORDS = ['auto', 'reset', 'destroy', 'native', 'portable', 'true', '2s', ''];

/** A value of any kind. Most are objects while `depth` is small. */
function anyValue(input: Input, depth: number): unknown {
  switch (input.byte() % 16) {
    case 0:
      return undefined;
    case 1:
      return input.pick(true, false, null);
    case 2:
      return input.pick(...NUMBERS);
    case 3:
      return input.double();
    case 4:
      return input.byte();
    case 5:
      return input.pick(...WORDS);
    case 6:
      return input.text();
    case 7:
      return input.pick<unknown>(10n, Symbol('a'), () => {}, new Date(0), new Map(), [1], /a/, new Error('a'));
    case 8:
      return { debug() {}, warn() {} };
    default:
      return depth > 2 ? {} : objectOf(input, depth);
  }
}

class Base {
  get inherited(): number {
    return 1;
  }
}

function objectOf(input: Input, depth: number): object {
  const make = input.byte();
  const properties: PropertyDescriptorMap = {};
  for (let left = make % 6; left > 0 && !input.isOver; left--) {
    const name = input.flag() ? input.pick(...NAMES) : input.text();
    const value = anyValue(input, depth + 1);
    const shape = input.byte() % 8;
    Object.defineProperty(properties, name, {
      enumerable: true,
      configurable: true,
      writable: true,
      value: shape === 0 ? { enumerable: false, value } : shape === 1 ? getterOf(value) : { enumerable: true, value },
    });
  }
  switch ((make >> 4) % 5) {
    case 0:
      return Object.create(null, properties);
    case 1:
      return Object.create(new Base(), properties);
    case 2:
      return Object.create(Object.create(Object.prototype, properties));
    case 3:
      return Object.freeze(Object.create(Object.prototype, properties));
    default:
      return Object.create(Object.prototype, properties);
  }
}

function getterOf(value: unknown): PropertyDescriptor {
  return { enumerable: true, get: () => value };
}
