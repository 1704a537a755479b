/** Samples the counts of a run at an interval, and keeps a bounded number of the samples. */
import { performance } from 'node:perf_hooks';
import { Samples } from './samples';

/** Counts at one moment of a run. All except `open` count from the beginning of the run. */
export interface StabilitySample {
  /** Milliseconds since the run began. */
  atMs: number;
  /** Connections that are open now. */
  open: number;
  /** Connections that have been opened. */
  opened: number;
  /** Echoes that have arrived. Without echo: messages that have been sent. */
  messages: number;
  /** Connections that their clients have seen end, and connections of killed processes. */
  ended: number;
}

/** The progress of a run. */
export interface StabilityProgress extends StabilitySample {
  /** What the round is doing now: opening connections, exchanging messages, or ending connections. */
  phase: 'open' | 'exchange' | 'end';
  /** The number of the round, from 1. */
  round: number;
  /** Connections of this round that have completed the phase. */
  done: number;
  /** Connections of this round. */
  total: number;
  /** Ends by kind so far, as reported by server and clients together. */
  kinds: Readonly<Record<string, number>>;
}

const INTERVAL_MS = 250;

/** Takes a sample at each interval until stop() is called. */
export class Timeline {
  readonly #samples = new Samples<StabilitySample>();
  readonly #began = performance.now();
  readonly #timer: NodeJS.Timeout;
  readonly #read: () => Omit<StabilityProgress, 'atMs'>;

  constructor(
    read: () => Omit<StabilityProgress, 'atMs'>,
    onProgress: (progress: StabilityProgress) => void = () => {},
  ) {
    this.#read = read;
    this.#samples.add(sampleOf(this.#now()));
    this.#timer = setInterval(() => {
      const now = this.#now();
      this.#samples.add(sampleOf(now));
      onProgress(now);
    }, INTERVAL_MS);
  }

  /** Takes the last sample and stops the timer. */
  stop(): void {
    clearInterval(this.#timer);
    this.#samples.addLast(sampleOf(this.#now()));
  }

  get samples(): StabilitySample[] {
    return this.#samples.kept;
  }

  get elapsedMs(): number {
    return Math.round(performance.now() - this.#began);
  }

  #now(): StabilityProgress {
    return { atMs: this.elapsedMs, ...this.#read() };
  }
}

function sampleOf({ atMs, open, opened, messages, ended }: StabilityProgress): StabilitySample {
  return { atMs, open, opened, messages, ended };
}
