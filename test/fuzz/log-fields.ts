/**
 * Log fields: ends with any text and value in them, for loggers of several kinds. Nothing throws; each line is one line of JSON at the
 * right level with documented fields, whose message a terminal shows as it is; and of many alike 20 are written and the others counted.
 *
 * Input: which line, how often, for which logger, and what is in it.
 */
import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { CLOSE_KINDS, CLOSE_POLICIES, type CloseInfo, LINGER_OUTCOMES } from '../../dist/close-info.js';
import { closeErrorOf } from '../../dist/connection/classify.js';
import type { LoggerOption } from '../../dist/options.js';
import { logDisconnect, logEnd, logLingered, warn } from '../../dist/telemetry/log.js';
import { Input } from './support/input.js';
import { aSecondPasses, assertShowable, recorder } from './support/lines.js';

const WRITTEN_PER_SECOND = 20;
const { logger: pinoLogger, takeLines } = recorder();

const LOGGERS: LoggerOption[] = [
  pinoLogger,
  { debug: fail, warn: fail },
  { debug: fail, warn: fail, isLevelEnabled: fail },
  { debug() {}, warn() {}, isLevelEnabled: () => false },
  false,
];

function fail(): never {
  throw new Error('the disk is full');
}

/** docs/observability.md lists them, but for pino's own. */
const FIELDS = {
  disconnect:
    'connectionId kind origin phase code forced control by bytesReceived bytesSent bytesUnsent openMs idleMs elapsedMs errorCode remoteAddress delivered sent received',
  'opening-failed': 'kind origin phase code errorCode remoteAddress',
  lingered: 'outcome forced errorCode bytesUnsent lingeredMs remoteAddress',
  'native-unavailable': 'reason',
};
type Event = keyof typeof FIELDS;
const ALWAYS = ['level', 'time', 'pid', 'hostname', 'msg', 'event'];

export function fuzz(data: Buffer): void {
  const input = new Input(data);
  const event = input.pick<Event>('disconnect', 'opening-failed', 'lingered', 'native-unavailable');
  const times = 1 + (input.byte() % 64);
  const logger = input.pick(...LOGGERS);
  const info = infoOf(input);
  const connectionId = idOf(input);
  const remoteAddress = input.flag() ? input.text() : undefined;
  const stream = { remoteAddress } as unknown as Duplex;
  const reason = input.text();

  const write = {
    disconnect: () => logDisconnect(logger, { at: 0, connectionId, remoteAddress, info }, false),
    'opening-failed': () => logEnd(logger, event as 'opening-failed', info, input.flag() ? stream : null),
    lingered: () => logLingered(logger, lingeredOf(info), stream),
    'native-unavailable': () => warn(logger, { event, reason }, 'the native addon is not used'),
  }[event];
  aSecondPasses(() => {
    for (let time = 0; time < times; time++) write();
  });

  const lines = takeLines().map((line) => [line, JSON.parse(line) as Record<string, unknown>] as const);
  if (logger !== pinoLogger) {
    assert.equal(lines.length, 0);
    return;
  }
  const isQuiet = event === 'lingered' || (event !== 'native-unavailable' && info.expected);
  const more = times - WRITTEN_PER_SECOND;
  assert.equal(lines.length, Math.min(times, WRITTEN_PER_SECOND) + (more > 0 ? 1 : 0));
  for (const [line, fields] of lines) {
    assert.equal(fields.event, event);
    assert.equal(fields.level, isQuiet ? 20 : 40);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    assert.doesNotMatch(line, /[\u0000-\u001f]/);
    assertShowable(fields.msg as string, 1_000);
    const isLast = 'suppressed' in fields;
    const known = isLast ? ['kind', 'outcome', 'suppressed'] : FIELDS[event].split(' ');
    for (const name of Object.keys(fields)) assert.ok([...ALWAYS, ...known].includes(name), `the field ${name}`);
    if (isLast) assert.equal(fields.suppressed, more);
  }
}

function infoOf(input: Input): CloseInfo {
  const frame = () => (input.flag() ? { code: input.byte() * 20, reason: input.text(), first: input.flag() } : null);
  const error = input.flag() ? closeErrorOf(errorOf(input)) : null;
  return {
    kind: input.pick(...CLOSE_KINDS),
    origin: input.pick('local', 'peer', 'network'),
    phase: input.pick('opening', 'open', 'handshake', 'fin'),
    code: input.byte() * 20,
    reason: '',
    clean: input.flag(),
    forced: input.pick('reset', 'destroy', null),
    expected: input.flag(),
    by: input.pick(null, ...CLOSE_POLICIES),
    error,
    sent: frame(),
    received: frame(),
    delivered: input.pick(true, false, null),
    control: input.pick('native', 'portable', null),
    bytesReceived: input.pick(null, 0, 2 ** 40),
    bytesSent: input.pick(null, 0, 2 ** 40),
    bytesUnsent: input.byte(),
    openMs: input.pick(0, 0.5, 1_234.5, 1e12),
    idleMs: input.pick(null, 0, 60_000),
    elapsedMs: input.byte(),
  };
}

function errorOf(input: Input): NodeJS.ErrnoException {
  const error = new Error(input.text());
  const code = input.pick<unknown>(undefined, 'ECONNRESET', input.text(), 5, null, {});
  return Object.assign(error, { code, syscall: input.pick(undefined, 'read') }) as NodeJS.ErrnoException;
}

function lingeredOf({ forced, error, bytesUnsent, elapsedMs }: CloseInfo) {
  const outcome = LINGER_OUTCOMES[bytesUnsent % LINGER_OUTCOMES.length] as (typeof LINGER_OUTCOMES)[number];
  return { outcome, forced, error, bytesUnsent, lingeredMs: elapsedMs };
}

/** What an application may have as `ws.connectionId`. */
function idOf(input: Input): string | number | undefined {
  return input.pick<string | number | undefined>(undefined, input.text(), 7, Number.NaN);
}
