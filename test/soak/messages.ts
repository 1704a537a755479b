/** What the process under test, its peers and the judge tell each other, and how a run is set up. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export interface Setup {
  seed: number;
  /** How long connections are made, in ms, pauses for samples not counted. */
  trafficMs: number;
  /** Connections that are begun per second, half of them by the peers. */
  rate: number;
}

/** A server of the process under test. */
export interface Target {
  port: number;
  secure: boolean;
}

/** What the process under test holds between two rounds, when every connection should be gone. */
export interface Sample {
  /** Since the run began, in s. */
  seconds: number;
  /** Connections that have ended since the run began. */
  ends: number;
  /** Connections without 'close', and sockets that linger. */
  connections: number;
  lingering: number;
  /** Bytes after a garbage collection. */
  heap: number;
  rss: number;
  /** What Node counts as keeping the process alive. */
  handles: number;
  /** Objects on the heap after a garbage collection, those that do not keep the process alive too. */
  timers: number;
  sockets: number;
  webSockets: number;
  /** File descriptors, on Windows handles. */
  descriptors: number;
  /** The longest time that the event loop stood still in the round, in ms. */
  stall: number;
}

export interface Outcome {
  problems: string[];
  /** Connections by kind of end, and what else was counted. */
  counts: Record<string, number>;
}

export type FromSubject =
  | { type: 'targets'; targets: Target[]; isDialing: boolean }
  | { type: 'sample'; sample: Sample }
  /** Its stderr may be read now. */
  | { type: 'drained' }
  | { type: 'outcome'; outcome: Outcome };

export type FromPeers = { type: 'ready'; port: number };

/** Whole numbers below `limit`, and members of lists, in an order that the seed fixes. */
export class Random {
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed);
  }

  below(limit: number): number {
    return uniformInt(this.#generator, 0, limit - 1);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

/** Calls `act` so many times a second until the returned function is called. Makes up for a timer that comes late. */
export function atRate(perSecond: number, act: () => void): () => void {
  const began = performance.now();
  let done = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - began) * perSecond) / 1_000;
    // What a process that stood still has missed by more than a second is not made up for: it would not help it.
    done = Math.max(done, Math.floor(due - perSecond));
    for (; done < due; done++) act();
  }, 10);
  return () => clearInterval(timer);
}
