// Who waits equally long stands in a queue, and one timer serves all of them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TimerQueue, type Waiting } from '../../dist/connection/timer-queue.js';
import { currentTimers, now } from '../../dist/liveness/clock.js';

function waiting(onDue: () => void): Waiting {
  return { queue: null, before: null, after: null, due: 0, onDue };
}

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

describe('a timer queue', () => {
  it('wakes those who stay, in their order, and not before their time', async () => {
    const queue = new TimerQueue(20, currentTimers());
    const woken: number[] = [];
    const began = now();
    await new Promise<void>((resolve) => {
      const all = [0, 1, 2, 3, 4].map((i) =>
        waiting(() => {
          woken.push(i);
          if (i === 3) resolve();
        }),
      );
      for (const one of all) queue.add(one, now());
      for (const i of [4, 0, 2]) queue.remove(all[i] as Waiting);
    });
    assert.deepEqual(woken, [1, 3]);
    assert.ok(now() - began >= 20);
  });

  it('has one timer for all, which keeps the process alive only while somebody waits', () => {
    const queue = new TimerQueue(60_000, currentTimers());
    const before = timers();
    const all = Array.from({ length: 100 }, () => waiting(() => {}));
    for (const one of all) queue.add(one, now());
    assert.equal(timers(), before + 1);
    for (const one of all) queue.remove(one);
    assert.equal(timers(), before);
    queue.add(all[0] as Waiting, now());
    assert.equal(timers(), before + 1);
    queue.remove(all[0] as Waiting);
  });
});
