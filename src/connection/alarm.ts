/**
 * The timers of one end: the next check, and the limits that checks lead to. A limit has a timer from the start, since a mocked
 * clock that is set ahead in one step may run only those that are there (node:test), and checks that follow each other are not.
 */

import { now, reached, stopTimer, unrefTimer } from '../liveness/clock';
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
  /** By when each is due, in ms of the clock. */
  readonly #timers = new Map<number, NodeJS.Timeout>();

  /** Calls `ring` at each of these times. A later call replaces an earlier one; the timers of times that stay go on. */
  set(times: readonly number[], ring: Ring | null): void {
    this.#ring = ring;
    for (const [due, timer] of this.#timers) {
      if (times.includes(due)) continue;
      stopTimer(timer);
      this.#timers.delete(due);
    }
    for (const due of times) if (!this.#timers.has(due)) this.#timers.set(due, this.#start(due));
  }

  stop(): void {
    this.set([], null);
  }

  /** From now on it keeps no process alive. */
  unref(): void {
    for (const timer of this.#timers.values()) unrefTimer(timer);
  }

  #start(due: number): NodeJS.Timeout {
    const began = process.uptime(); // which nobody mocks
    const wait = Math.max(1, due - now()); // newer versions of Node warn of less
    const timer = setTimeout(() => {
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
    const ring = this.#ring;
    setImmediate(() => {
      setImmediate(() => {
        if (ring === this.#ring) ring?.(how);
      });
    });
  }
}
