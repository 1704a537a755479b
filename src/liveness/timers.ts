/** Timers of what is checked while connections are open. They do not keep the process alive. */
import { AsyncResource } from 'node:async_hooks';
import { performance } from 'node:perf_hooks';
import { afterPoll, now, reached, stopTimer, type Timers, unrefTimer } from './clock';

/** After so many ms of work the loop may turn, and after so many items the time is asked for. */
const TURN_MS = 2;
const ITEMS_PER_LOOK_AT_CLOCK = 32;

/** Tools that look for what keeps a process alive, as Jest's --detectOpenHandles does, ask each resource. */
class Context extends AsyncResource {
  hasRef(): boolean {
    return false;
  }
}

/** Of the moment in which this package was loaded. */
const loaded = new Context('ws-linger');

/**
 * For timers that serve many connections: they would run in the async context of the one that started them, and hold what its
 * AsyncLocalStorage has for as long as any is open.
 */
export function inSharedContext<T>(run: () => T): T {
  return loaded.runInAsyncScope(run);
}

// What came while the loop was busy is read before anybody is judged: hence afterPoll().

/** Returns what stops it. */
export function every(timers: Timers, ms: number, run: () => void): () => void {
  let timer: NodeJS.Timeout;
  const arm = () => {
    timer = startTimer(timers, ms, () => {
      arm();
      timers.afterPoll(run);
    });
  };
  inSharedContext(arm);
  return () => stopTimer(timer);
}

export function later(timers: Timers, ms: number, run: () => void): NodeJS.Timeout {
  return inSharedContext(() => startTimer(timers, ms, () => timers.afterPoll(run)));
}

function startTimer(timers: Timers, ms: number, onTime: () => void): NodeJS.Timeout {
  const due = now() + ms;
  const timer = timers.setTimeout(() => {
    // node:test's mocked setImmediate() has this one run again, and an interval lose other timers.
    stopTimer(timer);
    reached(due);
    onTime();
  }, ms);
  unrefTimer(timer);
  return timer;
}

/** Visits all items, in as many turns of the loop as that takes, and calls `done`. Items may come and go meanwhile. */
export function inTurns<T>(items: Set<T> | Map<unknown, T>, visit: (item: T) => void, done: () => void): void {
  const left = items.values();
  const visitSome = () => {
    const until = performance.now() + TURN_MS;
    let visited = 0;
    let isOver = false;
    try {
      // The iterator of a Set or Map has no return(), so that the next loop goes on where this one stops.
      for (const item of left) {
        visit(item);
        if (++visited % ITEMS_PER_LOOK_AT_CLOCK === 0 && performance.now() >= until) return;
      }
      isOver = true;
    } finally {
      // Also where a listener of the application has thrown: the others are visited all the same.
      if (isOver) done();
      else afterPoll(visitSome);
    }
  };
  visitSome();
}
