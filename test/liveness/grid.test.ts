// The heartbeat finds a silent peer within interval + timeout, for every pair of values: 8 × 8 pairs, scaled, all at once.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { openPair } from '../support/pairs.js';

const VALUES = [20, 40, 80, 160, 320, 640, 1_280, 2_560];
/** The promise is 5 %. Checks add some ms, which count for the shortest values only, and time in which the loop is busy does not count. */
const tolerated = (ms: number, busyMs: number) => ms * 1.05 + 60 + busyMs;

describe('a silent peer is found within interval + timeout', { concurrency: true }, () => {
  for (const interval of VALUES) {
    for (const timeout of VALUES) {
      it(`${interval} + ${timeout} ms`, async () => {
        const linger = { heartbeat: { interval, timeout }, logger: false } as const;
        const pair = await openPair({ make: 'ours', role: 'server', linger });
        const began = performance.now();
        const idle = performance.eventLoopUtilization();
        await once(pair.ws, 'close');
        const took = performance.now() - began;
        const busyMs = performance.eventLoopUtilization(idle).active;
        assert.equal(pair.ws.closeInfo?.kind, 'timed-out');
        assert.ok(took >= timeout, `not before it had ${timeout} ms to answer: ${took} ms`);
        assert.ok(took <= tolerated(interval + timeout, busyMs), `${took} ms, ${busyMs} ms of them busy`);
        pair.stop();
      });
    }
  }
});
