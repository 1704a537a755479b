/** Counts what a stability run sees, and judges it. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { type End, isExpected, isUnexplained } from './expected';
import type { Planned, Scenario } from './plan';
import type { StabilityResult, Times } from './result';

const MAX_PROBLEMS = 20;
/** Upper limits of the close histogram, in ms. */
const BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000] as const;

type Counted =
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

export class Tally {
  attempted = 0;
  reconnects = 0;
  /** Connections that have been open, are open, and have ended. */
  opened = 0;
  open = 0;
  ended = 0;
  /** Messages that have come back so far. */
  echoed = 0;
  /** Of those that ended, or failed to open, how many have been judged. */
  #judged = 0;
  readonly #messages = { sent: 0, received: 0, lost: 0 };
  readonly #slowPeers = { sent: 0, delivered: 0 };
  readonly kinds: Record<string, number> = {};
  readonly #ends: StabilityResult['ends'] = { server: {}, client: {} };
  /** By what is said, the connections of which it is said, and how often it is said of none. */
  readonly #problems = new Map<string, { ids: Set<number>; times: number }>();
  readonly #connect = createHistogram();
  readonly #close = createHistogram();
  readonly #scenarios = new Map<Scenario, RecordableHistogram>();
  readonly #buckets: number[] = BUCKETS.map(() => 0);
  /** Connections of this round with which something was wrong, and how many there were in earlier ones. */
  #bad = new Set<number>();
  #badBefore = 0;
  #failed = 0;
  #unexplained = 0;
  #uncaught = 0;

  uncaughtError(message: string): void {
    this.#uncaught++;
    this.problem(`uncaught: ${message}`);
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

  /** An end that the server has seen. It is judged later. */
  serverEnded(end: End): void {
    this.#countEnd('server', end);
  }

  /** An end that a client has seen. */
  clientEnded(end: End): void {
    this.#countEnd('client', end);
    this.gone(1);
  }

  /** Clients have ended that tell nothing any more. */
  gone(count: number): void {
    this.open -= count;
    this.ended += count;
  }

  /** What some clients have sent in all, what they got back, and what never will come. */
  exchanged(sent: number, received: number, lost: number): void {
    this.#messages.sent += sent;
    this.#messages.received += received;
    this.#messages.lost += lost;
  }

  /** What a slow peer was sent before the close, and how much of it arrived. */
  backlog(sent: number, delivered: number): void {
    this.#slowPeers.sent += sent;
    this.#slowPeers.delivered += delivered;
  }

  /** How long a connection took to end on both sides. */
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

  /** Notes what is wrong with a connection, or, without an id, with the run. */
  problem(text: string, id?: number): void {
    if (id !== undefined) this.#bad.add(id);
    const told = this.#problems.get(text) ?? { ids: new Set(), times: 0 };
    if (id === undefined) told.times++;
    else told.ids.add(id);
    if (this.#problems.has(text) || this.#problems.size < MAX_PROBLEMS) this.#problems.set(text, told);
  }

  /** Judges an end, when nothing more can come of it. */
  judge({ id, scenario }: Planned, side: 'server' | 'client', end: End): void {
    if (isUnexplained(end)) this.#unexplained++;
    if (!isExpected(scenario, side, end)) this.problem(`${scenario}, but the ${side} says ${nameOf(end)}`, id);
    if (end.closes !== 1) this.problem(`the ${side} emitted 'close' ${end.closes} times`, id);
    if (end.info && end.disconnects !== 1) {
      this.problem(`the ${side} emitted 'disconnect' ${end.disconnects} times`, id);
    }
  }

  /** Numbers of connections may be used again. */
  endRound(): void {
    this.#badBefore += this.#bad.size;
    this.#bad = new Set();
  }

  #countEnd(side: 'server' | 'client', end: End): void {
    const name = nameOf(end);
    for (const counts of [this.kinds, this.#ends[side]]) counts[name] = (counts[name] ?? 0) + 1;
  }

  result({ echo, ...about }: Omit<StabilityResult, Counted> & { echo: boolean }): StabilityResult {
    const { leaked } = about;
    if (this.#messages.lost > 0) this.problem(`${this.#messages.lost} messages were lost`);
    if (echo && about.url !== null && this.#messages.sent > 0 && this.#messages.received === 0)
      this.problem('not one message came back; where the server does not echo, it takes --no-echo (echo: false)');
    if (leaked.clients) this.problem(`${leaked.clients} connections are left in clients`);
    if (leaked.handles) this.problem(`${leaked.handles} handles or timers are left`);
    const good = this.#judged - this.#badBefore - this.#bad.size;
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

function nameOf({ info, code }: End): string {
  return info?.kind ?? String(code);
}

/** Histograms are of whole numbers, so they are given microseconds. */
function record(histogram: RecordableHistogram, ms: number): void {
  histogram.record(Math.max(1, Math.round(ms * 1000)));
}

function timesOf(histogram: RecordableHistogram): Times {
  if (histogram.count === 0) return { p50: 0, p99: 0, max: 0 };
  const inMs = (us: number) => Math.round(us / 10) / 100;
  return { p50: inMs(histogram.percentile(50)), p99: inMs(histogram.percentile(99)), max: inMs(histogram.max) };
}
