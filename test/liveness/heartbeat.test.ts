// The heartbeat ends connections of peers that vanished, and no others. The slow-consumer limits end those of peers
// that do not read.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, describe, it } from 'node:test';
import type WebSocket from 'ws-linger';
import { WebSocketServer } from 'ws-linger';
import { parseOptions } from '../../dist/defaults.js';
import { stepFlow } from '../../dist/liveness/backpressure.js';
import { isOver, nextCheck } from '../../dist/liveness/heartbeat.js';
import { watching } from '../../dist/liveness/watch.js';
import type { TransportLook } from '../../dist/socket-control/contract.js';
import { hasKeepAlive } from '../../dist/socket-control/handle.js';
import { processMetrics } from '../../dist/telemetry/metrics.js';
import { openHandles, until, watchEnd } from '../support/end.js';
import { type Make, openPair, type Pair, type Role, STALL_BYTES, socketOf, stall } from '../support/pairs.js';
import { duplexTunnel, upgradeStream } from '../support/tunnel.js';

const before = openHandles();

/** The first byte of a ping frame. Each small frame of these tests arrives in a chunk of its own. */
const PING = 0x89;
/** A masked pong and an unmasked one, both empty (RFC 6455 §5.5.3). */
const PONG = { server: Buffer.from([0x8a, 0x80, 0, 0, 0, 0]), client: Buffer.from([0x8a, 0]) };

const FAST = { interval: 60, timeout: 60 };

describe('a heartbeat', () => {
  for (const make of ['ours', 'attached'] as const satisfies Make[]) {
    for (const role of ['server', 'client'] as const satisfies Role[]) {
      it(`ends the connection of a ${role} (${make}) to a silent peer as timed-out`, async () => {
        const pair = await openPair({ make, role, linger: { heartbeat: FAST, logger: false } });
        const began = performance.now();
        const { info } = await watchEnd(pair.ws);
        assert.deepEqual(
          [info.kind, info.origin, info.phase, info.forced, info.expected],
          ['timed-out', 'network', 'open', 'destroy', true],
        );
        assert.ok(performance.now() - began >= FAST.timeout);
        pair.stop();
      });

      it(`keeps the connection of a ${role} (${make}) to a peer that answers each ping`, async () => {
        const pair = await openPair({ make, role, linger: { heartbeat: FAST, logger: false } });
        let pings = 0;
        const enough = new Promise<void>((resolve) => {
          pair.peer.on('data', (frame: Buffer) => {
            assert.equal(frame[0], PING);
            pair.peer.write(PONG[role]);
            if (++pings === 5) resolve();
          });
        });
        await enough;
        assert.equal(pair.ws.closeInfo, null);
        pair.stop();
        await once(pair.ws, 'close');
      });
    }
  }

  it('accepts any byte of the peer as a sign of life', async () => {
    const pair = await openPair({ make: 'ours', role: 'server', linger: { heartbeat: FAST, logger: false } });
    let pings = 0;
    const enough = new Promise<void>((resolve) => {
      pair.peer.on('data', () => {
        pair.peer.write(pair.frames.hello);
        if (++pings === 5) resolve();
      });
    });
    await enough;
    assert.equal(pair.ws.closeInfo, null);
    pair.stop();
    await once(pair.ws, 'close');
  });

  it('keeps a connection that the application has paused, whose pongs are not read', async () => {
    const pair = await openPair({ make: 'ours', role: 'server', linger: { heartbeat: FAST, logger: false } });
    pair.ws.pause();
    let pings = 0;
    const enough = new Promise<void>((resolve) => pair.peer.on('data', () => ++pings === 4 && resolve()));
    await enough;
    assert.equal(pair.ws.closeInfo, null);
    pair.ws.resume();
    assert.equal((await watchEnd(pair.ws)).info.kind, 'timed-out');
    pair.stop();
  });

  it('leaves a closing connection to closeTimeout', async () => {
    const linger = { heartbeat: FAST, closeTimeout: 400, logger: false } as const;
    const pair = await openPair({ make: 'ours', role: 'server', linger });
    pair.ws.close();
    assert.equal((await watchEnd(pair.ws)).info.kind, 'close-timeout');
    pair.stop();
  });

  it('finds a silent peer over a stream that counts no bytes, and keeps one that answers', async () => {
    const keepsAlive = setInterval(() => {}, 1_000); // such a stream has no handle that keeps the process alive
    const { server, client } = duplexTunnel();
    const wss = new WebSocketServer({ noServer: true, linger: { heartbeat: FAST, logger: false } });
    const answered = once(client, 'data');
    const ws = await upgradeStream(wss, server);
    await answered;
    let pings = 0;
    const enough = new Promise<void>((resolve) =>
      client.on('data', () => {
        pings++;
        if (pings <= 4) client.write(PONG.server);
        else resolve();
      }),
    );
    const ended = watchEnd(ws);
    await enough;
    assert.equal(ws.closeInfo, null);
    const { info } = await ended;
    assert.deepEqual([info.kind, pings], ['timed-out', 5]);
    clearInterval(keepsAlive);
  });

  it('measures round trips: as ws.rtt of each, and as a distribution of all', async () => {
    const pair = await openPair({ make: 'ours', role: 'client', linger: { heartbeat: FAST, logger: false } });
    assert.equal(pair.ws.rtt, null);
    pair.peer.on('data', () => setTimeout(() => pair.peer.write(PONG.client), 10));
    await until('a pong', () => pair.ws.rtt !== null);
    const { rtt } = pair.ws as { rtt: number | null };
    assert.ok(rtt !== null && rtt >= 9, `${rtt} ms`);
    const { rttMs } = processMetrics.client.read();
    assert.ok(rttMs.count >= 1 && rttMs.sum >= 9);
    assert.equal(rttMs.buckets.at(-1)?.count, rttMs.count);
    pair.stop();
    await once(pair.ws, 'close');
  });

  it('measures no round trip by a pong that answers another ping', async () => {
    const pair = await openPair({ make: 'ours', role: 'client', linger: { heartbeat: FAST, logger: false } });
    let pongs = 0;
    pair.ws.on('pong', () => pongs++);
    pair.peer.on('data', () => pair.peer.write(Buffer.concat([Buffer.from([0x8a, 1]), Buffer.from('x')])));
    await until('three pongs', () => pongs >= 3);
    assert.equal(pair.ws.rtt, null);
    pair.stop();
    await once(pair.ws, 'close');
  });

  /**
   * Watches a silent peer, for which `look` stands in for the system's tables. Resolves with the reason for giving it
   * up.
   */
  function watchSilent(look: (pings: number) => TransportLook | null): Promise<{ why: string; pings: number }> {
    const silent = { received: 0, accepted: 66, unsent: 0, queued: 0, countsInput: true, busy: false };
    const settings = parseOptions({ heartbeat: FAST });
    const keepAlive = setInterval(() => {}, 1_000);
    let pings = 0;
    return new Promise((resolve) => {
      const connection = {
        isIdle: () => true,
        retire() {},
        snapshot: () => silent,
        isAnswered: () => false,
        sent: () => 60,
        ping() {
          pings++;
          return 0;
        },
        lookAtTransport: () => look(pings),
        giveUp(why: string) {
          watching(settings)?.remove(connection);
          clearInterval(keepAlive);
          resolve({ why, pings });
        },
      };
      watching(settings)?.add(connection);
    });
  }

  it('waits for a peer that still acknowledges bytes that were sent before the ping', async () => {
    let unacknowledged = 100_000;
    const { why, pings } = await watchSilent((sent) => {
      if (sent < 4) unacknowledged -= 1;
      return { unacknowledged, peerWindow: 'open', at: performance.now() };
    });
    assert.deepEqual([why, pings], ['heartbeat', 4]);
  });

  for (const [what, look] of [
    ['a look from before the missing pong', () => ({ unacknowledged: Math.random(), peerWindow: 'open', at: 0 })],
    ['a missing look', () => null],
    ['looks without progress', () => ({ unacknowledged: 9_000, peerWindow: 'open', at: performance.now() })],
    [
      'a late acknowledgment of the ping itself',
      () => ({ unacknowledged: Math.random() * 6, peerWindow: 'open', at: performance.now() }),
    ],
  ] as [string, () => TransportLook | null][]) {
    it(`does not accept ${what} as evidence that the peer is alive`, async () => {
      assert.deepEqual(await watchSilent(look), { why: 'heartbeat', pings: 1 });
    });
  }

  it("ends the connection by RST with onTimeout 'reset'", async () => {
    const linger = { heartbeat: FAST, onTimeout: 'reset', logger: false } as const;
    const pair = await openPair({ make: 'ours', role: 'server', linger });
    const { info } = await watchEnd(pair.ws);
    assert.deepEqual([info.kind, info.forced], ['timed-out', 'reset']);
    pair.stop();
  });
});

describe('the silence after a ping', () => {
  const options = { timeout: 10_000 };

  it('is judged only when timeout is over', () => {
    assert.deepEqual(
      [9_999, 10_000].map((at) => isOver(0, at, options)),
      [false, true],
    );
  });

  it('is looked at after each eighth of timeout, and last when it is over', () => {
    const looks: number[] = [];
    for (let at = 3; at < 10_003; at = looks.at(-1) as number) looks.push(nextCheck(3, at, options));
    assert.deepEqual(
      looks,
      [1, 2, 3, 4, 5, 6, 7, 8].map((eighths) => 3 + eighths * 1_250),
    );
    assert.equal(nextCheck(3, 20_000, options), 10_003);
  });
});

describe('a peer that does not read', () => {
  const cases: [string, WebSocket.LingerOptions][] = [
    ['maxBufferedAmount is exceeded', { maxBufferedAmount: 1024 * 1024 }],
    ['it takes nothing for sendTimeout', { sendTimeout: 200 }],
  ];
  for (const [when, linger] of cases) {
    for (const role of ['server', 'client'] as const satisfies Role[]) {
      it(`is given up by a ${role} as a slow-consumer when ${when}`, async () => {
        const pair = await openPair({ make: 'ours', role, linger: { ...linger, logger: false } });
        await stall(pair);
        const { info } = await watchEnd(pair.ws);
        assert.deepEqual(
          [info.kind, info.origin, info.phase, info.forced, info.expected],
          ['slow-consumer', 'peer', 'open', 'destroy', false],
        );
        assert.ok(info.bytesUnsent > 0);
        pair.stop();
      });
    }
  }

  // Windows accepts a message as a whole, so partial progress is not visible there.
  if (process.platform !== 'win32') {
    it('is kept while it reads, however slowly', async () => {
      const sendTimeout = 400;
      const pair = await openPair({ make: 'ours', role: 'server', linger: { sendTimeout, logger: false } });
      await stall(pair);
      const began = performance.now();
      const bytesPerMs = STALL_BYTES / (2 * sendTimeout);
      pair.peer.on('data', () => {
        const ahead = pair.peer.bytesRead / bytesPerMs - (performance.now() - began);
        if (ahead <= 0) return;
        pair.peer.pause();
        setTimeout(() => pair.peer.resume(), ahead);
      });
      pair.peer.resume();
      await until('the peer has read all', () => pair.peer.bytesRead >= STALL_BYTES, 60_000);
      assert.ok(performance.now() - began > sendTimeout);
      assert.equal(pair.ws.closeInfo, null);
      pair.stop();
      await once(pair.ws, 'close');
    });
  }

  it('is given up over a stream without counters that does not take one large chunk', async () => {
    const keepsAlive = setInterval(() => {}, 1_000);
    const { server, client } = duplexTunnel(10_000);
    const wss = new WebSocketServer({ noServer: true, linger: { sendTimeout: 100, logger: false } });
    client.resume();
    const ws = await upgradeStream(wss, server);
    ws.send(Buffer.alloc(2_500_000));
    const { info } = await watchEnd(ws);
    assert.equal(info.kind, 'slow-consumer');
    assert.ok(info.bytesUnsent >= 2_500_000);
    clearInterval(keepsAlive);
  });

  it('is not given up while this side compresses, or while the queue shrinks', () => {
    const limits = { maxBufferedAmount: 1_000, sendTimeout: 500 };
    const start = { accepted: 0, queued: 5, movedAt: 0 };
    assert.equal(stepFlow(start, { at: 500, accepted: 0, queued: 5, busy: true }, limits)[1], null);
    assert.equal(stepFlow(start, { at: 500, accepted: 0, queued: 4, busy: false }, limits)[1], null);
  });

  it('is given up after sendTimeout, and not before', () => {
    const limits = { maxBufferedAmount: 1_000, sendTimeout: 500 };
    const start = { accepted: 10, queued: 5, movedAt: 0 };
    assert.equal(stepFlow(start, { at: 499, accepted: 10, queued: 5, busy: false }, limits)[1], null);
    assert.equal(stepFlow(start, { at: 500, accepted: 10, queued: 5, busy: false }, limits)[1], 'send-timeout');
    assert.equal(stepFlow(start, { at: 500, accepted: 11, queued: 5, busy: false }, limits)[1], null);
    assert.equal(stepFlow(start, { at: 500, accepted: 10, queued: 0, busy: false }, limits)[1], null);
    assert.equal(stepFlow(start, { at: 1, accepted: 11, queued: 1_001, busy: false }, limits)[1], 'max-buffered');
  });
});

describe('maxAge', () => {
  it('closes connections with 1001, at different times around that age', async () => {
    const maxAge = 400;
    const closes: Promise<number>[] = [];
    const closed = async (pair: Pair, openedAt: number): Promise<number> => {
      const [frame] = (await once(pair.peer, 'data')) as [Buffer];
      const age = performance.now() - openedAt;
      assert.deepEqual([...frame], [0x88, 2, 1001 >> 8, 1001 & 0xff]);
      pair.peer.end(pair.frames.close);
      await once(pair.ws, 'close');
      pair.stop();
      return age;
    };
    while (closes.length < 20) {
      const before = performance.now();
      const pair = await openPair({ make: 'ours', role: 'server', linger: { maxAge, logger: false } });
      closes.push(closed(pair, before));
    }
    const ages = await Promise.all(closes);
    assert.ok(Math.min(...ages) >= maxAge * 0.9, `${ages}`);
    assert.ok(Math.max(...ages) - Math.min(...ages) > maxAge * 0.05, `${ages}`);
  });
});

// On Linux it is turned on within 5 s, where the option is not shorter than 10 s.
describe('TCP keep-alive', { concurrency: true }, () => {
  for (const transport of ['tcp', 'tls'] as const) {
    for (const role of ['server', 'client'] as const) {
      it(`is on by default for a ${role}'s connection over ${transport}, and off with keepAlive: 0`, async () => {
        const open = (linger: WebSocket.LingerOptions) =>
          openPair({ make: 'ours', role, transport, linger: { logger: false, ...linger } });
        const off = await open({ keepAlive: 0 }); // the first one is visited first
        const on = await open({});
        const soon = await open({ keepAlive: 1_000 });
        assert.equal(hasKeepAlive(socketOf(soon.ws)), true);
        await until('keep-alive is on', () => hasKeepAlive(socketOf(on.ws)));
        assert.equal(hasKeepAlive(socketOf(off.ws)), false);
        for (const pair of [off, on, soon]) {
          pair.stop();
          await once(pair.ws, 'close');
        }
      });
    }
  }
});

after(() => until('all handles are gone', () => openHandles() <= before));
