/** The time in which this process ran: while it was stopped, or its machine slept, it could read nothing of anybody. */
import { now } from './clock';

/** The process is taken to have been stopped, or the machine to have slept, when it is late by this, in ms, or by `lateMs`. */
export const ASLEEP_MS = 1_000;

export class RunningTime {
  readonly #stepMs: number;
  readonly #lateMs: number;
  readonly #onWake: () => void;
  #ran = 0;
  #readAt = now();
  #readOn = Date.now();

  /** To be read every `stepMs`, or more often. */
  constructor(stepMs: number, lateMs: number, onWake: () => void) {
    this.#stepMs = stepMs;
    this.#lateMs = Math.max(ASLEEP_MS, lateMs);
    this.#onWake = onWake;
  }

  /** In ms, to the last one. Calls `onWake` first, where the process was asleep since the last time. */
  read(): number {
    const at = now();
    const elapsed = at - this.#readAt;
    if (elapsed < 1) return this.#ran;
    const on = Date.now();
    // The monotonic clock stands still while some systems sleep; the other one may be set by hand, which costs a ping.
    const missed = Math.max(elapsed, on - this.#readOn) - this.#stepMs;
    this.#ran += Math.min(elapsed, 2 * this.#stepMs);
    this.#readAt = at;
    this.#readOn = on;
    if (missed >= this.#lateMs) this.#onWake();
    return this.#ran;
  }
}
