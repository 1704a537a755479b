// A drain with notice, over a network: 500 clients are told, closed after the notice, and nothing is lost in either direction.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, it } from 'node:test';
import type { CloseKind } from '../../dist/close-info.js';
import { SERVER_ADDRESS, TwoHosts } from '../support/namespaces.js';

const COUNT = 500;

interface Served {
  sent: Record<string, number>;
  received: Record<string, number>;
  ended: Record<CloseKind, number>;
  took: number;
  by: unknown[];
}

type Clients = Record<string, { sent: number; received: number; farewellAt: number; closedAt: number; code: number }>;

const hosts = new TwoHosts();
after(() => hosts.remove());

it(`loses no message of ${COUNT} clients, tells each before it closes it, and spreads the closes`, async (t) => {
  const server = hosts.start('server', 'support/drain-notice-server');
  const [port] = (await once(server, 'message')) as [number];
  const clients = hosts.start('client', 'support/drain-notice-clients', SERVER_ADDRESS, `${port}`, `${COUNT}`);
  await once(clients, 'message');
  const ends = Promise.all([once(server, 'message'), once(clients, 'message')]);
  server.send('drain');
  const [[served], [told]] = (await ends) as [[Served], [Clients]];

  assert.equal(served.ended.clean, COUNT);
  assert.deepEqual(served.by, ['drain']);
  assert.equal(Object.keys(told).length, COUNT);
  let messages = 0;
  for (const [id, client] of Object.entries(told)) {
    assert.equal(client.code, 1001, id);
    assert.equal(client.received, served.sent[id], `${id}: what the server sent`);
    assert.equal(served.received[id], client.sent, `${id}: what the client sent`);
    assert.ok(client.farewellAt > 0 && client.farewellAt < client.closedAt, `${id}: farewell`);
    messages += client.sent + client.received;
  }
  const farewell = Math.min(...Object.values(told).map(({ farewellAt }) => farewellAt));
  const closes = Object.values(told).map(({ closedAt }) => closedAt - farewell);
  assert.ok(Math.min(...closes) >= 500, `the first was closed after ${Math.min(...closes)} ms`);
  assert.ok(Math.max(...closes) - Math.min(...closes) >= 500, 'the closes are spread');
  t.diagnostic(`${messages} messages, 0 lost; drained in ${Math.round(served.took)} ms`);
});
