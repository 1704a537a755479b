// A peer that does not answer pings, since they wait behind a backlog, is kept while it takes of that, and no longer.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type WebSocket from 'ws-linger';
import { WebSocketServer } from 'ws-linger';
import { openPair } from '../support/pairs.js';
import { countStalls } from '../support/stalls.js';
import { duplexTunnel, upgradeStream } from '../support/tunnel.js';

const heartbeat = { interval: 100, timeout: 600 };
const LIMIT_MS = heartbeat.interval + heartbeat.timeout;
const linger = { heartbeat, logger: false } as const;

/** `stop` makes the peer take nothing any more. `takenAt` tells when something of the backlog was taken last. */
async function isKeptUntil(ws: WebSocket, stop: () => void, takenAt = () => 0): Promise<void> {
  const ended = once(ws, 'close');
  await delay(4 * LIMIT_MS); // so long it is to be kept
  assert.equal(ws.closeInfo?.kind, undefined);
  const stoppedAt = performance.now();
  const stalls = countStalls();
  stop();
  await ended;
  const took = performance.now() - Math.max(stoppedAt, takenAt());
  const stalled = stalls.stop();
  assert.equal(ws.closeInfo?.kind, 'timed-out');
  assert.ok(took - stalled <= LIMIT_MS * 1.05 + 200, `${took} ms, ${stalled} of them the event loop stood still`);
}

for (const role of ['server', 'client'] as const) {
  for (const transport of ['tcp', 'tls'] as const) {
    it(`over ${transport}, by a ${role}`, async () => {
      const pair = await openPair({ make: 'ours', role, transport, linger });
      const { ws, peer } = pair;
      // One message after another, since Windows accepts each as a whole.
      let takenAt = 0;
      const sendOn = () => {
        takenAt = performance.now();
        if (ws.readyState === ws.OPEN) ws.send(Buffer.alloc(262_144), (error) => error || sendOn());
      };
      sendOn();
      sendOn();
      let takes = true;
      peer.on('data', () => {
        peer.pause();
        setImmediate(() => takes && peer.resume());
      });
      await isKeptUntil(
        ws,
        () => {
          takes = false;
        },
        () => takenAt,
      );
      pair.stop();
    });
  }
}

it('over a stream without counters', async () => {
  const keepsAlive = setInterval(() => {}, 1_000);
  const { server, client } = duplexTunnel();
  client.resume();
  let takes = true;
  server._write = (_chunk, _encoding, done) => {
    if (takes) setTimeout(done, 60);
  };
  const wss = new WebSocketServer({ noServer: true, linger });
  const ws = await upgradeStream(wss, server);
  for (let i = 0; i < 200; i++) ws.send(Buffer.alloc(1_000));
  await isKeptUntil(ws, () => {
    takes = false;
  });
  clearInterval(keepsAlive);
});
