// What may go wrong while connections are pinged in rounds: listeners that throw, connections that come and go, mocked timers.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, describe, it } from 'node:test';
import { parseOptions } from '../../dist/defaults.js';
import { watching } from '../../dist/liveness/watch.js';
import type { Watchable } from '../../dist/liveness/watchable.js';
import { openHandles, until, watchEnd } from '../support/end.js';
import { openPair } from '../support/pairs.js';

const before = openHandles();
const heartbeat = { interval: 60, timeout: 60 };
const linger = { heartbeat, logger: false } as const;

/** A connection that is silent, unless `answers`. */
class Fake implements Watchable {
  pings = 0;
  ended: string | null = null;
  answers = false;
  onPing = () => {};
  readonly #watch = watching(parseOptions(linger));

  constructor() {
    this.#watch?.add(this);
  }

  isIdle = () => true;
  snapshot = () => ({ received: 0, accepted: 0, unsent: 0, queued: 0, countsInput: true, busy: false });
  lookAtTransport = () => null;
  sent = () => 0;
  retire() {}
  isAnswered = () => this.answers;

  ping(): number {
    this.pings++;
    this.onPing();
    return 0;
  }

  giveUp(why: string): void {
    this.ended = why;
    this.close();
  }

  close(): void {
    this.#watch?.remove(this);
  }
}

describe('rounds of pings', () => {
  const keepsAlive = setInterval(() => {}, 1_000);
  after(() => clearInterval(keepsAlive));

  it('go on when a listener has thrown', async () => {
    const fakes = Array.from({ length: 20 }, () => new Fake());
    const thrown: unknown[] = [];
    const previous = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => thrown.push(error));
    for (const fake of fakes)
      fake.onPing = () => {
        throw new Error('of a listener');
      };
    await until('all have ended', () => fakes.every(({ ended }) => ended === 'heartbeat'));
    assert.ok(thrown.length >= 20);
    process.removeAllListeners('uncaughtException');
    for (const listener of previous) process.on('uncaughtException', listener);
  });

  it('leave out who closes while it is pinged, and ping who comes meanwhile', async () => {
    const fakes = Array.from({ length: 20 }, () => new Fake());
    for (const fake of fakes)
      fake.onPing = () => {
        fake.close();
        fake.onPing = () => {};
        fakes.push(new Fake());
      };
    await until('the new ones have ended', () => fakes.length >= 40 && fakes.slice(20).every(({ ended }) => ended));
    for (const { pings, ended } of fakes.slice(0, 20)) assert.deepEqual([pings, ended], [1, null]);
  });

  it('begin anew for a connection that comes after all others have gone', async () => {
    for (let i = 0; i < 2; i++) {
      const fake = new Fake();
      await until('it has ended', () => fake.ended !== null);
      assert.deepEqual([fake.ended, fake.pings], ['heartbeat', 1]);
    }
  });

  it('ping those that answer once in each interval', async () => {
    const began = performance.now();
    const fakes = Array.from({ length: 300 }, () => new Fake());
    for (const fake of fakes) fake.answers = true;
    await until('the first has ten pings', () => (fakes[0]?.pings ?? 0) >= 10);
    const most = (performance.now() - began) / heartbeat.interval + 1;
    for (const fake of fakes) {
      assert.ok(fake.pings <= most && fake.pings >= 7, `${fake.pings} of ${most}`);
      assert.equal(fake.ended, null);
      fake.close();
    }
  });
});

for (const apis of [
  ['setInterval', 'setTimeout'],
  ['setInterval', 'setTimeout', 'setImmediate', 'Date'],
] as const) {
  it(`a silent peer is found with mocked ${apis.join(', ')}`, async (t) => {
    t.mock.timers.enable({ apis: [...apis] });
    const pair = await openPair({ make: 'ours', role: 'client', linger: { heartbeat: true, logger: false } });
    let ticked = 0;
    while (!pair.ws.closeInfo && ticked < 100) {
      t.mock.timers.tick(200);
      ticked += 0.2;
      await readFile(__filename); // the loop turns, without a timer
    }
    assert.equal(pair.ws.closeInfo?.kind, 'timed-out');
    assert.ok(ticked >= 25 && ticked <= 43, `${ticked} s`);
    t.mock.timers.reset();
    pair.stop();
  });
}

for (const role of ['server', 'client'] as const) {
  it(`a silent peer behind TLS is found by a ${role}`, async () => {
    const pair = await openPair({ make: 'ours', role, transport: 'tls', linger });
    assert.equal((await watchEnd(pair.ws)).info.kind, 'timed-out');
    pair.stop();
  });
}

after(() => until('all handles are gone', () => openHandles() <= before));
