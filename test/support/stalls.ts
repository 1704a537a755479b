import { performance } from 'node:perf_hooks';

const STEP_MS = 10;

/** Counts how long this process's event loop stands still, as it does on a busy machine. `stop()` returns it in ms. */
export function countStalls(): { stop(): number } {
  let stalled = 0;
  let last = performance.now();
  const count = () => {
    const now = performance.now();
    stalled += Math.max(0, now - last - 2 * STEP_MS);
    last = now;
  };
  const timer = setInterval(count, STEP_MS);
  return {
    stop() {
      clearInterval(timer);
      count();
      return stalled;
    },
  };
}
