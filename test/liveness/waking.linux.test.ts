// A process that was stopped for a while, as a laptop that slept: peers that have vanished meanwhile are found within `timeout` of
// waking, and nobody who is alive is given up.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { forkScript } from '../support/child.js';
import { until } from '../support/end.js';
import type { Ended } from '../support/heartbeat-server.js';
import { CLIENT_FRAMES, connectPeer } from '../support/peer.js';

let server: ReturnType<typeof forkScript>;
let port: number;
before(async () => {
  server = forkScript('support/heartbeat-server');
  [port] = (await once(server, 'message')) as [number];
});
after(() => server.kill('SIGKILL'));

const TIMEOUT = 2_000; // that of heartbeat-server.ts

it('finds within timeout of waking those that have vanished, and no other', async () => {
  const ended: Ended[] = [];
  let messages = 0;
  server.on('message', (message: Ended | 'message') => {
    if (message === 'message') messages++;
    else ended.push(message);
  });
  const [alive, gone, talker] = await Promise.all([connectPeer(port), connectPeer(port), connectPeer(port)]);
  // One answers each ping; the other one never will.
  alive.on('data', () => alive.write(Buffer.from([0x8a, 0x80, 0, 0, 0, 0])));
  gone.resume();
  // This one has just talked, and vanishes too.
  talker.resume().write(CLIENT_FRAMES.hello);
  await until('its message is read', () => messages === 1);
  server.kill('SIGSTOP');
  await delay(3 * TIMEOUT); // so long it sleeps
  server.kill('SIGCONT');
  const wokeAt = performance.now();
  await until('the vanished ones are found', () => ended.length >= 2, 20_000);
  const took = performance.now() - wokeAt;
  assert.ok(took <= TIMEOUT * 1.05 + 500, `${took} ms`);
  const ports = [gone.localPort, talker.localPort].sort((a, b) => Number(a) - Number(b));
  assert.deepEqual(
    ended.sort((a, b) => Number(a.port) - Number(b.port)),
    ports.map((of) => ({ kind: 'timed-out', port: of })),
  );
  await delay(2 * TIMEOUT); // the other one is asked again
  assert.equal(ended.length, 2);
  alive.destroy();
});
