/** Counts what a stability run has seen, and judges it. */
import { createHistogram } from 'node:perf_hooks';
import type { CloseKind } from '../close-info';
import { type End, isExpected, isUnexplained } from './expected';
import type { Planned } from './plan';

export interface StabilityResult {
  /** True only when every connection ended once, in time and as it should, and nothing was lost, thrown or left. */
  pass: boolean;
  platform: string;
  node: string;
  /** What the server's sockets are handled by; `plain` for plain ws, `foreign` for a server that is not ours. */
  control: 'native' | 'portable' | 'plain' | 'foreign';
  connections: { attempted: number; opened: number; failed: number };
  messages: { sent: number; received: number; lost: number };
  /** Ends by kind, both sides counted; `1006` and other codes for ends that have no kind. */
  kinds: Partial<Record<CloseKind, number>> & Record<string, number>;
  unexplained: number;
  uncaught: number;
  /** What is left at the end; null where it cannot be seen. */
  leaked: { clients: number | null; handles: number | null };
  connectMs: { p50: number; p99: number };
  /** From what was done to a connection until both sides had ended it. */
  closeMs: { p50: number; p99: number; max: number };
  /** Share of the attempted connections that ended as they should. */
  successRate: number;
  seed: number;
  /** What was wrong, in sentences, the first few of them. */
  problems: string[];
}

const MAX_PROBLEMS = 20;

export class Tally {
  readonly connectMs: number[] = [];
  readonly closeMs: number[] = [];
  readonly messages = { sent: 0, received: 0, lost: 0 };
  readonly problems: string[] = [];
  readonly #kinds: Record<string, number> = {};
  readonly #bad = new Set<number>();
  #unexplained = 0;
  #uncaught = 0;
  failed = 0;

  uncaughtError(message: string): void {
    this.#uncaught++;
    this.problem(`uncaught: ${message}`);
  }

  exchanged(sent: number, received: number): void {
    this.messages.sent += sent;
    this.messages.received += received;
    this.messages.lost += sent - received;
  }

  /** Notes what is wrong with a connection, or, without an id, with the run. */
  problem(text: string, id?: number): void {
    if (id !== undefined) this.#bad.add(id);
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(id === undefined ? text : `connection ${id}: ${text}`);
  }

  end({ id, scenario }: Planned, side: 'server' | 'client', end: End, foreign: boolean): void {
    const name = end.info?.kind ?? String(end.code);
    this.#kinds[name] = (this.#kinds[name] ?? 0) + 1;
    if (isUnexplained(end)) this.#unexplained++;
    if (!isExpected(scenario, side, end, foreign)) this.problem(`${scenario}, but the ${side} says ${name}`, id);
    if (end.closes !== 1) this.problem(`the ${side} emitted 'close' ${end.closes} times`, id);
    if (end.info && end.disconnects !== 1) {
      this.problem(`the ${side} emitted 'disconnect' ${end.disconnects} times`, id);
    }
  }

  result(
    attempted: number,
    about: Pick<StabilityResult, 'platform' | 'node' | 'control' | 'leaked' | 'seed'>,
  ): StabilityResult {
    const { leaked } = about;
    if (this.messages.lost > 0) this.problem(`${this.messages.lost} messages were lost`);
    if (leaked.clients) this.problem(`${leaked.clients} connections are left in clients`);
    if (leaked.handles) this.problem(`${leaked.handles} handles or timers are left`);
    return {
      pass: this.problems.length === 0 && this.#unexplained === 0 && this.#uncaught === 0,
      platform: about.platform,
      node: about.node,
      control: about.control,
      connections: { attempted, opened: attempted - this.failed, failed: this.failed },
      messages: this.messages,
      kinds: this.#kinds,
      unexplained: this.#unexplained,
      uncaught: this.#uncaught,
      leaked,
      connectMs: pick(percentiles(this.connectMs), 'p50', 'p99'),
      closeMs: percentiles(this.closeMs),
      successRate: attempted === 0 ? 0 : (attempted - this.#bad.size) / attempted,
      seed: about.seed,
      problems: this.problems,
    };
  }
}

function percentiles(values: number[]): { p50: number; p99: number; max: number } {
  if (values.length === 0) return { p50: 0, p99: 0, max: 0 };
  const histogram = createHistogram(); // of whole numbers, so it is given microseconds
  for (const ms of values) histogram.record(Math.max(1, Math.round(ms * 1000)));
  const inMs = (us: number) => Math.round(us / 10) / 100;
  return { p50: inMs(histogram.percentile(50)), p99: inMs(histogram.percentile(99)), max: inMs(histogram.max) };
}

function pick<T, K extends keyof T>(from: T, ...keys: K[]): Pick<T, K> {
  return Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<T, K>;
}
