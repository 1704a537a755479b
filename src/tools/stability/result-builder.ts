/** Collects the events of a stability run, judges each end, and builds the result. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { loadNative } from '../../socket-control/load';
import { isExpected, isPortableByMistake, isUnexplained, type ObservedEnd } from './expected-ends';
import type { PlannedConnection, Scenario } from './plan';
import type { StabilityResult, Times } from './result';

const MAX_PROBLEMS = 20;
/** Upper limits of the close histogram, in ms. */
const BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000] as const;

/** The fields of the result that ResultBuilder fills in. */
type Built =
  | 'pass'
  | 'connections'
  | 'messages'
  | 'slowPeers'
  | 'reconnects'
  | 'kinds'
  | 'ends'
  | 'unexplained'
  | 'uncaught'
  | 'connectMs'
  | 'closeMs'
  | 'scenarios'
  | 'closeHistogram'
  | 'successRate'
  | 'problems';

export class ResultBuilder {
  attempted = 0;
  reconnects = 0;
  /** How many connections have opened, how many are open now, and how many have ended. */
  opened = 0;
  open = 0;
  ended = 0;
  /** Echoes that have arrived so far. */
  echoed = 0;
  /** How many connections have been judged: those that ended on both sides and those that failed to open. */
  #judged = 0;
  readonly #messages = { sent: 0, received: 0, lost: 0 };
  readonly #slowPeers = { sent: 0, delivered: 0 };
  readonly kinds: Record<string, number> = {};
  readonly #ends: StabilityResult['ends'] = { server: {}, client: {} };
  /** For each text, the connections that have the problem, and how often it was added without a connection. */
  readonly #problems = new Map<string, { ids: Set<number>; times: number }>();
  readonly #connect = createHistogram();
  readonly #close = createHistogram();
  readonly #scenarios = new Map<Scenario, RecordableHistogram>();
  readonly #buckets: number[] = BUCKETS.map(() => 0);
  /** The connections of this round that have a problem, and how many earlier rounds had. */
  #failing = new Set<number>();
  #failingBefore = 0;
  #failed = 0;
  #unexplained = 0;
  #uncaught = 0;

  uncaughtError(message: string): void {
    this.#uncaught++;
    this.problem(`uncaught exception: ${message}`);
  }

  connected(ms: number): void {
    this.opened++;
    this.open++;
    record(this.#connect, ms);
  }

  failedToOpen(message: string, id: number): void {
    this.#failed++;
    this.#judged++;
    this.problem(`did not open: ${message}`, id);
  }

  /** Counts an end that the server reported. judge() follows later. */
  serverEnded(end: ObservedEnd): void {
    this.#countEnd('server', end);
  }

  /** Counts an end that a client reported. judge() follows later. */
  clientEnded(end: ObservedEnd): void {
    this.#countEnd('client', end);
    this.addEnded(1);
  }

  /** Counts ends as such: of clients that reported theirs, and of killed clients, which report nothing. */
  addEnded(count: number): void {
    this.open -= count;
    this.ended += count;
  }

  /** Adds numbers of messages: sent, echoes received, and echoes that can no longer arrive. */
  exchanged(sent: number, received: number, lost: number): void {
    this.#messages.sent += sent;
    this.#messages.received += received;
    this.#messages.lost += lost;
  }

  /** Adds the messages that a slow peer was sent before the close, and how many of them arrived. */
  backlog(sent: number, delivered: number): void {
    this.#slowPeers.sent += sent;
    this.#slowPeers.delivered += delivered;
  }

  /** Records how long a connection took until both sides had reported its end. */
  closed(scenario: Scenario, ms: number): void {
    const histogram = this.#scenarios.get(scenario) ?? createHistogram();
    this.#scenarios.set(scenario, histogram);
    record(histogram, ms);
    record(this.#close, ms);
    const found = BUCKETS.findIndex((limit) => ms < limit);
    const bucket = found === -1 ? BUCKETS.length - 1 : found;
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#judged++;
  }

  /** Adds a problem of a connection or, without an id, of the run. */
  problem(text: string, id?: number): void {
    if (id !== undefined) this.#failing.add(id);
    const entry = this.#problems.get(text) ?? { ids: new Set(), times: 0 };
    if (id === undefined) entry.times++;
    else entry.ids.add(id);
    if (this.#problems.has(text) || this.#problems.size < MAX_PROBLEMS) this.#problems.set(text, entry);
  }

  /** Judges an end. Called once for each side, when no further event of the connection can follow. */
  judge({ id, scenario }: PlannedConnection, side: 'server' | 'client', end: ObservedEnd): void {
    if (isUnexplained(end)) this.#unexplained++;
    if (!isExpected(scenario, side, end))
      this.problem(`${scenario}: the ${side} reported ${nameOf(end)}, which is wrong for this scenario`, id);
    if (isPortableByMistake(end, loadNative().binding !== null)) {
      this.problem(`the ${side}'s connection was portable, though the addon is loaded`, id);
    }
    if (end.closes !== 1) this.problem(`the ${side} emitted 'close' ${end.closes} times`, id);
    if (end.info && end.disconnects !== 1) {
      this.problem(`the ${side} emitted 'disconnect' ${end.disconnects} times`, id);
    }
  }

  /** Starts a new set of failing connections, so that a long run does not keep the ids of all rounds. */
  endRound(): void {
    this.#failingBefore += this.#failing.size;
    this.#failing = new Set();
  }

  #countEnd(side: 'server' | 'client', end: ObservedEnd): void {
    const name = nameOf(end);
    for (const counts of [this.kinds, this.#ends[side]]) counts[name] = (counts[name] ?? 0) + 1;
  }

  result({ echo, ...about }: Omit<StabilityResult, Built> & { echo: boolean }): StabilityResult {
    const { leaked } = about;
    if (this.#messages.lost > 0) this.problem(`${this.#messages.lost} messages were lost`);
    if (echo && about.url !== null && this.#messages.sent > 0 && this.#messages.received === 0)
      this.problem('no echo arrived at all; for a server that does not echo, use --no-echo (echo: false)');
    if (leaked.clients) this.problem(`the server still has ${leaked.clients} connections in clients`);
    if (leaked.handles) this.problem(`${leaked.handles} handles or timers were not freed`);
    const good = this.#judged - this.#failingBefore - this.#failing.size;
    const used = this.#buckets.findLastIndex((count) => count > 0) + 1;
    return {
      pass: !about.interrupted && this.#problems.size === 0 && this.#unexplained === 0 && this.#uncaught === 0,
      ...about,
      connections: { attempted: this.attempted, opened: this.opened, failed: this.#failed },
      reconnects: this.reconnects,
      messages: { ...this.#messages, echo },
      slowPeers: { ...this.#slowPeers },
      kinds: { ...this.kinds },
      ends: structuredClone(this.#ends),
      unexplained: this.#unexplained,
      uncaught: this.#uncaught,
      connectMs: { p50: timesOf(this.#connect).p50, p99: timesOf(this.#connect).p99 },
      closeMs: timesOf(this.#close),
      scenarios: Object.fromEntries(
        [...this.#scenarios].map(([name, histogram]) => [
          name,
          { connections: histogram.count, closeMs: timesOf(histogram) },
        ]),
      ),
      closeHistogram: this.#buckets.slice(0, used).map((count, i) => ({ underMs: BUCKETS[i] as number, count })),
      successRate: this.attempted === 0 ? 0 : Math.max(0, good) / this.attempted,
      problems: [...this.#problems].map(([text, { ids, times }]) => sentence(text, [...ids], times)),
    };
  }
}

function sentence(text: string, [first, ...others]: number[], times: number): string {
  if (first === undefined) return times > 1 ? `${text} (${times} times)` : text;
  return `connection ${first}${others.length > 0 ? ` and ${others.length} more` : ''}: ${text}`;
}

function nameOf({ info, code }: ObservedEnd): string {
  return info?.kind ?? String(code);
}

/** Records a time in microseconds, because Node's histograms take whole numbers only. */
function record(histogram: RecordableHistogram, ms: number): void {
  histogram.record(Math.max(1, Math.round(ms * 1000)));
}

function timesOf(histogram: RecordableHistogram): Times {
  if (histogram.count === 0) return { p50: 0, p99: 0, max: 0 };
  const inMs = (us: number) => Math.round(us / 10) / 100;
  return { p50: inMs(histogram.percentile(50)), p99: inMs(histogram.percentile(99)), max: inMs(histogram.max) };
}
