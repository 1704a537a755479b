/**
 * The timer of one end: the next check. Checks follow each other to the limits, by the timers that were there when the first began.
 *
 * A mocked clock that is set ahead in one step may run only the timers that are there (node:test), and not those that a check
 * starts. Under such a clock the limits have timers of their own from the start.
 */
import { now, reached, stopOldTimer, stopTimer, type Timers, unrefTimer } from '../liveness/clock';
import { setImmediate } from '../real-timers';

/** How an alarm came. */
export interface Ringing {
  /** By how much it is late, in ms. */
  lateBy: number;
  /** A mocked clock was set ahead: sockets have had no time. */
  isMocked: boolean;
}

/** A timer of the system takes its whole time, but for what clocks differ by. */
const SHARE_OF_REAL_TIME = 0.9;

type Ring = (how: Ringing) => void;

export class Alarm {
  #ring: Ring | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** Of a mocked clock: a timer for each time, by when it is due. */
  #mocked: Map<number, NodeJS.Timeout> | null = null;
  /** How often it was set. */
  #settings = 0;
  readonly #timers: Timers;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Calls `ring` at the first of these times. A later call replaces an earlier one; a mocked clock's timers of times that stay go on. */
  set(times: readonly number[], ring: Ring | null): void {
    this.#ring = ring;
    this.#settings++;
    stopTimer(this.#timer);
    this.#timer = undefined;
    const [due] = times;
    if (!this.#timers.isReal) this.#setMocked(times);
    else if (due !== undefined) this.#timer = this.#start(due);
  }

  #setMocked(times: readonly number[]): void {
    this.#mocked ??= new Map();
    for (const [due, timer] of this.#mocked) {
      if (times.includes(due)) continue;
      this.#mocked.delete(due);
      stopOldTimer(timer);
    }
    for (const due of times) if (!this.#mocked.has(due)) this.#mocked.set(due, this.#startMocked(due));
  }

  stop(): void {
    this.set([], null);
  }

  ref(): void {
    this.#timer?.ref();
    for (const timer of this.#mocked?.values() ?? []) timer.ref?.(); // a page's timers are numbers
  }

  /** From now on it keeps no process alive. */
  unref(): void {
    unrefTimer(this.#timer);
    for (const timer of this.#mocked?.values() ?? []) unrefTimer(timer);
  }

  #start(due: number): NodeJS.Timeout {
    return this.#timers.setTimeout(() => {
      reached(due);
      this.#afterTurns({ lateBy: now() - due, isMocked: false });
    }, untilDue(due));
  }

  /** A mock may run its timers in real time, too, which process.uptime() tells: nobody mocks it. */
  #startMocked(due: number): NodeJS.Timeout {
    const began = process.uptime();
    const wait = untilDue(due);
    const timer = this.#timers.setTimeout(() => {
      if (this.#mocked?.get(due) !== timer) return;
      this.#mocked.delete(due);
      stopTimer(timer); // node:test may run it again
      const isMocked = (process.uptime() - began) * 1_000 < wait * SHARE_OF_REAL_TIME;
      reached(due, isMocked ? 0 : undefined);
      const how = { lateBy: now() - due, isMocked };
      if (isMocked) this.#ring?.(how);
      else this.#afterTurns(how);
    }, wait);
    return timer;
  }

  /** After a busy time the loop reads what has come before the first turn, and closes what was cut before the second. */
  #afterTurns(how: Ringing): void {
    const settings = this.#settings;
    setImmediate(() => {
      setImmediate(() => {
        if (settings === this.#settings) this.#ring?.(how);
      });
    });
  }
}

/** Newer versions of Node warn of timers of less than 1 ms. */
function untilDue(due: number): number {
  return Math.max(1, due - now());
}
