// The diagnostics channels: each message is told when docs/metrics.md says so, and has exactly what its table names.
import assert from 'node:assert/strict';
import { type Channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import WebSocket, { WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import * as source from '../../dist/telemetry/diagnostics.js';
import { ROOT } from '../support/child.js';
import { tableOf } from '../support/docs-table.js';
import { portOf, until } from '../support/end.js';
import { CLIENT_FRAMES, connectPeer, connectTcp } from '../support/peer.js';

const linger = { closeTimeout: 50, logger: false } as const;

const documented = new Map(
  tableOf('docs/metrics.md', 'Diagnostics channels').map(([name = '', when, message = '']) => [
    name,
    { when, fields: message.match(/\w+/g) ?? [] },
  ]),
);

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

/** What is told on a channel from now on. Each message has the fields of the docs' table, no more and no less. */
function told<T extends object>(name: string): T[] {
  const messages: T[] = [];
  const listener = (message: unknown) => {
    messages.push(message as T);
  };
  subscribe(name, listener);
  cleanUps.push(() => {
    unsubscribe(name, listener);
    assert.ok(messages.length > 0, `nothing was told on ${name}`);
    for (const message of messages)
      assert.deepEqual(Object.keys(message).sort(), [...(documented.get(name)?.fields ?? [])].sort());
  });
  return messages;
}

async function serve(options: object = {}): Promise<WebSocketServer> {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger: { ...linger, ...options } });
  cleanUps.push(() => wss.close());
  await once(wss, 'listening');
  return wss;
}

describe('the table of the diagnostics channels', () => {
  it('names each channel of the source, and no other', () => {
    const channels = Object.values(source) as unknown as Channel[];
    assert.deepEqual([...documented.keys()].sort(), channels.map(({ name }) => String(name)).sort());
  });

  it('says the same as the comment in the source', () => {
    const text = readFileSync(join(ROOT, 'src', 'telemetry', 'diagnostics.ts'), 'utf8');
    const commented = [...text.matchAll(/^ \* \| `(ws-linger:[^`]+)` \| (.+?) \| `(\w+)` \|\r?$/gm)];
    assert.deepEqual(
      commented.map(([, name, when]) => [name, when]),
      [...documented].map(([name, { when }]) => [name, when]),
    );
  });
});

describe('a diagnostics channel', () => {
  it('ws-linger:open tells of each connection that is open, on both sides', async () => {
    const messages = told<WebSocket.OpenMessage>('ws-linger:open');
    const wss = await serve();
    const states: number[] = [];
    subscribe('ws-linger:open', noteState);
    cleanUps.push(() => unsubscribe('ws-linger:open', noteState));
    function noteState(message: unknown) {
      const { ws } = message as WebSocket.OpenMessage;
      assert.ok(ws instanceof WebSocket);
      states.push(ws.readyState);
    }
    const client = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { linger });
    await once(client, 'open');
    await until('both sides are told of', () => messages.length === 2);
    assert.deepEqual(messages.map(({ role }) => role).sort(), ['client', 'server']);
    assert.equal(messages.find(({ role }) => role === 'client')?.ws, client);
    assert.deepEqual(states, [WebSocket.OPEN, WebSocket.OPEN]);
    client.close();
    await once(client, 'close');
  });

  it('ws-linger:rtt tells of each ping of the heartbeat that is answered', async () => {
    const messages = told<WebSocket.RttMessage>('ws-linger:rtt');
    const wss = await serve({ heartbeat: { interval: 20, timeout: 5_000 } });
    const client = new Upstream(`ws://127.0.0.1:${portOf(wss)}`);
    await until('two pings are answered', () => messages.length >= 2);
    const [ws] = wss.clients;
    assert.equal(messages.at(-1)?.rttMs, ws?.rtt);
    for (const message of messages) assert.deepEqual([message.ws, message.role], [ws, 'server']);
    client.terminate();
    await until('the connection has ended', () => wss.clients.size === 0);
  });

  it("ws-linger:disconnect tells of each end, right before 'disconnect'", async () => {
    const messages = told<WebSocket.DisconnectMessage>('ws-linger:disconnect');
    const wss = await serve();
    const before: number[] = [];
    wss.on('connection', (ws) => ws.on('disconnect', () => before.push(messages.length)));
    const peer = await connectPeer(portOf(wss));
    const [ws] = wss.clients;
    peer.resume().end(CLIENT_FRAMES.close);
    await until('the end is told', () => before.length === 1);
    assert.deepEqual(before, [1]);
    const [{ info, role, ws: ended }] = messages as [WebSocket.DisconnectMessage];
    assert.deepEqual([ended, role, info.kind], [ws, 'server', 'clean']);
    assert.equal(ws?.closeInfo, info);
  });

  it('ws-linger:lingered tells what became of a socket that went on delivering', async () => {
    const messages = told<WebSocket.LingeredMessage>('ws-linger:lingered');
    const wss = await serve();
    const peer = await connectPeer(portOf(wss));
    for (const ws of wss.clients) ws.close();
    await until('the socket lingers', () => wss.stats().lingering.now === 1);
    assert.equal(messages.length, 0);
    peer.resume().end();
    await until('the socket is gone', () => messages.length === 1);
    const [{ role, outcome, forced, error, bytesUnsent, lingeredMs }] = messages as [WebSocket.LingeredMessage];
    assert.deepEqual([role, outcome, forced, error, bytesUnsent], ['server', 'delivered', null, null, 0]);
    assert.ok(lingeredMs >= 0);
  });

  it('ws-linger:opening-failed tells of a peer that is lost before its upgrade, even without a logger', async () => {
    const messages = told<WebSocket.OpeningFailedMessage>('ws-linger:opening-failed');
    const wss = await serve();
    connectTcp(wss).end('GET / HTTP/1.1\r\n'); // the rest of the request is never sent
    await until('the loss is told', () => messages.length === 1);
    const [{ kind, origin, error, remoteAddress }] = messages as [WebSocket.OpeningFailedMessage];
    assert.deepEqual(
      [kind, origin, error?.code, remoteAddress],
      ['upgrade-failed', 'peer', 'HPE_INVALID_EOF_STATE', '127.0.0.1'],
    );
  });
});
