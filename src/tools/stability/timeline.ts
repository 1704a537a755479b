/** How a run went on over time, in few enough samples for any length of run. */
import { performance } from 'node:perf_hooks';
import { Samples } from './samples';

/** Counts at one moment of a run; all but `open` since its beginning. */
export interface StabilitySample {
  /** Milliseconds since the run began. */
  atMs: number;
  /** Connections that are open now. */
  open: number;
  /** Connections that have been opened. */
  opened: number;
  /** Messages that have come back; without echo, that have been sent. */
  messages: number;
  /** Connections that have ended, as their client saw it, and those whose process was killed. */
  ended: number;
}

/** How a run stands. */
export interface StabilityProgress extends StabilitySample {
  /** What the round is at: opening, exchanging messages, ending. */
  phase: 'open' | 'exchange' | 'end';
  /** Which round, from 1. */
  round: number;
  /** Connections of this round that have passed the phase, */
  done: number;
  /** of so many. */
  total: number;
  /** Ends by kind so far, both sides counted. */
  kinds: Readonly<Record<string, number>>;
}

const INTERVAL = 250;

/** Samples a run until it is stopped. */
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
    }, INTERVAL);
  }

  /** Ends it, with a last sample. */
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
