/**
 * The clock of all limits: monotonic, in ms, and never behind the timers. Tests may mock timers and leave performance.now() as it is
 * (node:test), or mock both (Jest, sinon): a timer's end then says how late it is.
 */
import { performance } from 'node:perf_hooks';

/** Timers may end a little before performance.now() says so. */
const TIMER_STEP_MS = 2;

let ahead = 0;

export function now(): number {
  return performance.now() + ahead;
}

/** To be called when a timer has ended that was due then. */
export function reached(due: number): void {
  const behind = due - now();
  if (behind > TIMER_STEP_MS) ahead += behind;
}
