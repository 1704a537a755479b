import { clearTimeout, setTimeout } from 'node:timers';
import type Upstream from 'ws-upstream';

/** Lets the event loop turn so often. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}

/** Far more than any run takes on a busy machine: what is longer never ends. */
const LIMIT_MS = 10_000;

/** Waits for a promise, and fails where it takes too long. */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing after ${LIMIT_MS} ms`)), LIMIT_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until ws has inflated and deflated all it has, which threads do. */
export async function untilIdle(ws: Upstream): Promise<void> {
  const until = performance.now() + 5_000;
  while (isBusy(ws) && performance.now() < until) await turns(1);
}

function isBusy(ws: Upstream): boolean {
  const { _receiver: receiver, _sender: sender } = ws as unknown as {
    _receiver: { _state: number; destroyed: boolean } | null;
    _sender: { _state: number; _queue: unknown[] } | null;
  };
  const [inflating, deflating] = [5, 1];
  const isInflating = receiver?._state === inflating && !receiver.destroyed;
  return isInflating || sender?._state === deflating || (sender?._queue.length ?? 0) > 0;
}

/** Where zlib's threads are at work, plain ws differs from itself now and then: a difference counts when it is there three times in a row. */
export async function threeTimes(check: () => Promise<void>): Promise<void> {
  for (let left = 2; left > 0; left--) {
    try {
      await check();
      return;
    } catch {}
  }
  await check();
}
