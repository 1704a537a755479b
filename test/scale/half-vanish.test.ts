// Thousands of connections, of which a firewall cuts off one half: the heartbeat ends all of these and no others, and a
// drain then ends the rest without losing a message. Needs Linux and root.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, it } from 'node:test';
import { until } from '../support/end.js';
import { OTHER_CLIENT_ADDRESS, SERVER_ADDRESS, TwoHosts } from '../support/namespaces.js';
import { CONNECTIONS, HEARTBEAT, type ToParent } from './half-vanish.js';

let hosts: TwoHosts;
const started = performance.now();
const at = () => `${Math.round(performance.now() - started)} ms`;

before(() => {
  hosts = new TwoHosts();
  // The default, so that TCP itself gives up no connection during the test.
  hosts.onServer('sh', '-c', 'echo 15 > /proc/sys/net/ipv4/tcp_retries2');
});
after(() => hosts.remove());

it(`of ${CONNECTIONS} connections the heartbeat ends the half that is cut off, and drain() the others`, async () => {
  const server = hosts.start('server', 'scale/half-vanish-server');
  const ends: (ToParent & { type: 'disconnect' })[] = [];
  let drained: (ToParent & { type: 'drained' }) | undefined;
  server.on('message', (message: ToParent) => {
    if (message.type === 'disconnect') ends.push(message);
    if (message.type === 'drained') drained = message;
  });
  const [{ port }] = (await once(server, 'message')) as [{ port: number }];
  const clients = hosts.start('client', 'scale/half-vanish-clients', `ws://${SERVER_ADDRESS}:${port}`);
  let totals: { lost: number; codes: Record<string, number> } | undefined;
  clients.on('message', (message) => {
    if (message !== 'open') totals = message as typeof totals;
  });
  await once(clients, 'message');
  console.log(`open at ${at()}`);

  hosts.cut(OTHER_CLIENT_ADDRESS);
  const cutAt = performance.now();
  await until('the heartbeat has ended all that are cut off', () => ends.length >= CONNECTIONS / 2, 60_000);
  const took = performance.now() - cutAt;
  console.log(
    `all found within ${Math.round(took)} ms, interval + timeout being ${HEARTBEAT.interval + HEARTBEAT.timeout} ms`,
  );
  assert.ok(took <= 1.05 * (HEARTBEAT.interval + HEARTBEAT.timeout), `${took} ms`);
  const addresses = new Set(ends.map(({ address }) => address));
  assert.deepEqual([...addresses], [OTHER_CLIENT_ADDRESS]);
  for (const { info } of ends) {
    assert.deepEqual([info.kind, info.origin, info.error, info.forced], ['timed-out', 'network', null, 'destroy']);
  }

  // One more full heartbeat round, in which no other connection may be given up.
  await new Promise((resolve) => setTimeout(resolve, HEARTBEAT.interval + HEARTBEAT.timeout));
  assert.equal(ends.length, CONNECTIONS / 2);

  server.send('drain');
  await until('the other connections are drained', () => drained !== undefined && totals !== undefined, 60_000);
  console.log(`drained ${CONNECTIONS / 2} in ${drained?.ms} ms`);
  assert.equal(drained?.counts.clean, CONNECTIONS / 2);
  assert.deepEqual(totals, { lost: 0, codes: { 1012: CONNECTIONS / 2 } });
});
