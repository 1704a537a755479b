/**
 * The clock of all limits: monotonic, in ms, and never behind the timers. Tests may mock timers and leave performance.now() as it is
 * (node:test), or mock both (Jest, sinon): a timer's end then says how late it is.
 */
import { performance } from 'node:perf_hooks';
import { sharedValue } from '../copies';
import { setImmediate as setRealImmediate } from '../real-timers';

/** Timers may end a little before performance.now() says so. */
const TIMER_STEP_MS = 2;

/** Of all copies of this package, which hand each other times. */
const clock = sharedValue('clock', () => ({ ahead: 0 }));

export function now(): number {
  return performance.now() + clock.ahead;
}

/** To be called when a timer has ended that was due then. */
export function reached(due: number, tolerance = TIMER_STEP_MS): void {
  const behind = due - now();
  if (behind > tolerance) clock.ahead += behind;
}

/** Calls `run` after the loop has polled: by the timers that tests may have replaced, where there are any. */
export function afterPoll(run: () => void): void {
  const { setImmediate = setRealImmediate } = globalThis as { setImmediate?: typeof setRealImmediate };
  setImmediate(run);
}

/** Timers that a limit began by, and goes on by: a test may replace the global ones meanwhile, and take its own away again. */
export interface Timers {
  /** Node's own, rather than those of a mocked clock or of a page. False where nobody can tell. */
  readonly isReal: boolean;
  readonly setTimeout: typeof setTimeout;
  /** Calls `run` after the loop has polled. */
  readonly afterPoll: (run: () => void) => void;
}

const known = new WeakMap<object, Timers>();
let latest: Timers | undefined;

/** The timers that are there now. */
export function currentTimers(): Timers {
  const { setTimeout } = globalThis;
  if (latest?.setTimeout === setTimeout) return latest;
  latest = known.get(setTimeout) ?? timersBy(setTimeout);
  known.set(setTimeout, latest);
  return latest;
}

function timersBy(setTimeout: Timers['setTimeout']): Timers {
  const timer = setTimeout(() => {}, 1);
  stopTimer(timer);
  // Node numbers its timers for async_hooks, in a private field that is found by its name.
  const isReal = Object.getOwnPropertySymbols(timer).some(({ description }) => description === 'asyncId');
  return { isReal, setTimeout, afterPoll: isReal ? (run) => void setRealImmediate(run) : afterPoll };
}

/** Lets the process end before the timer does. A page's timers are numbers. */
export function unrefTimer(timer: NodeJS.Timeout | undefined): void {
  timer?.unref?.();
}

/** By the timer's own method where it has one: a mocked clearTimeout() warns of timers that are not its own. */
export function stopTimer(timer: NodeJS.Timeout | undefined): void {
  if (timer?.close) timer.close();
  else clearTimeout(timer);
}

/**
 * Stops a timer that may have been stopped before, or be of an earlier mocked clock. Those of node:test run out: to stop one would
 * remove another one of its present clock.
 */
export function stopOldTimer(timer: NodeJS.Timeout | undefined): void {
  const isOfNodeTest = typeof timer === 'object' && 'priorityQueuePosition' in timer;
  if (!isOfNodeTest) stopTimer(timer);
}
