// The ways in which people use ws: in each of them a connection ends as it should.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { it } from 'node:test';
import tls from 'node:tls';
import WebSocket, { createWebSocketStream, WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { listen, portOf, watchEnd } from './support/end.js';
import { openPair, socketOf } from './support/pairs.js';
import { connectPeer } from './support/peer.js';

const linger = { closeTimeout: 300, logger: false } as const;

async function serve(options: WebSocket.ServerOptions = {}): Promise<WebSocketServer> {
  const wss = new WebSocketServer({ port: 0, linger, ...options });
  await once(wss, 'listening');
  return wss;
}

it('a server with noServer and clientTracking: false reports a reset', async () => {
  const wss = new WebSocketServer({ noServer: true, clientTracking: false, linger });
  const server = await listen(http.createServer());
  const upgraded = new Promise<WebSocket>((resolve) => {
    server.once('upgrade', (request, socket, head) => wss.handleUpgrade(request, socket, head, resolve));
  });
  const peer = await connectPeer(portOf(server));
  const ended = watchEnd(await upgraded);
  peer.resetAndDestroy();
  assert.equal((await ended).info.kind, 'reset');
  server.close();
});

it("a user's subclass is used for the server's connections and for clients", async () => {
  class Mine extends WebSocket {
    mine = true;
  }
  const wss = new WebSocketServer<typeof Mine>({ port: 0, linger, WebSocket: Mine });
  await once(wss, 'listening');
  const connected = once(wss, 'connection');
  const client = new Mine(`ws://127.0.0.1:${portOf(wss)}`, { linger });
  const [ws] = (await connected) as [Mine];
  assert.ok(ws.mine && ws instanceof Mine && client.mine);
  const ends = Promise.all([watchEnd(ws), watchEnd(client)]);
  await once(client, 'open');
  client.abort();
  assert.deepEqual(
    (await ends).map(({ info }) => info.kind),
    ['reset', 'local-abort'],
  );
  wss.close();
});

class Sealed extends Upstream {
  constructor(...args: ConstructorParameters<typeof Upstream>) {
    super(...args);
    Object.preventExtensions(this);
  }
}

function Wrapper(...args: ConstructorParameters<typeof Upstream>) {
  return new Upstream(...args);
}

class Wrapping {
  constructor(...args: ConstructorParameters<typeof Upstream>) {
    // biome-ignore lint/correctness/noConstructorReturn: as a program does
    return new Upstream(...args);
  }
}

for (const [what, Class, Instance] of [
  ['a bound class', Upstream.bind(null), Upstream],
  ['a class whose constructor prevents extensions', Sealed, Sealed],
  ['a function that returns an object of another class', Wrapper, Upstream],
  ['a frozen function that does so', Object.freeze(Wrapper.bind(null)), Upstream],
  ['a class that does so', Wrapping, Upstream],
] as unknown as [string, typeof WebSocket, typeof Upstream][]) {
  it(`${what} makes the connections of a server, as with ws`, async () => {
    const wss = await serve({ WebSocket: Class });
    const connected = once(wss, 'connection');
    const client = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { linger });
    const [ws] = (await connected) as [WebSocket];
    assert.ok(ws instanceof Instance);
    const ends = Promise.all([watchEnd(ws), watchEnd(client)]);
    await once(client, 'open');
    ws.close(1000);
    assert.deepEqual(
      (await ends).map(({ info }) => [info.kind, info.code, info.origin]),
      [
        ['clean', 1000, 'local'],
        ['clean', 1000, 'peer'],
      ],
    );
    assert.equal(wss.stats().ended.clean, 1);
    wss.close();
  });
}

it('a client that connects through a proxy (createConnection) resets it by abort()', async () => {
  const wss = await serve();
  const proxy = net.createServer((inside) => {
    const outside = net.connect(portOf(wss), '127.0.0.1');
    inside.pipe(outside).pipe(inside);
    for (const side of [inside, outside]) side.on('error', () => {}).on('close', () => outside.resetAndDestroy());
  });
  await listen(proxy);
  const createConnection = (() => net.connect(portOf(proxy), '127.0.0.1')) as unknown as typeof net.createConnection;
  const connected = once(wss, 'connection');
  const ws = new WebSocket('ws://example.invalid', { createConnection, linger });
  await once(ws, 'open');
  const ended = watchEnd((await connected)[0] as WebSocket);
  ws.abort();
  assert.equal((await ended).info.kind, 'reset');
  proxy.close();
  wss.close();
});

it('a stream of createWebSocketStream() ends the connection on destroy(), and closes it by the handshake on end()', async () => {
  const wss = await serve();
  for (const [how, kind] of [
    ['destroy', 'closed-without-handshake'],
    ['end', 'clean'],
  ] as const) {
    const connected = once(wss, 'connection');
    const ws = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { linger });
    const [atServer] = (await connected) as [WebSocket];
    await once(ws, 'open');
    const stream = createWebSocketStream(ws);
    stream.on('error', () => {}).resume();
    const ended = watchEnd(atServer);
    stream[how]();
    assert.equal((await ended).info.kind, kind);
  }
  wss.close();
});

it('abort() sends RST while zlib still compresses messages', async () => {
  const wss = await serve({ perMessageDeflate: { threshold: 0 } });
  const connected = once(wss, 'connection');
  const ws = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { linger });
  await once(ws, 'open');
  const ended = watchEnd((await connected)[0] as WebSocket);
  const here = watchEnd(ws);
  for (let i = 0; i < 5; i++) ws.send(Buffer.alloc(4 << 20, i));
  ws.abort();
  const { info } = await here;
  assert.deepEqual([info.kind, info.forced], ['local-abort', 'reset']);
  assert.ok(info.bytesUnsent >= 4 << 20);
  assert.equal((await ended).info.kind, 'reset');
  wss.close();
});

it("abort() resets a TLS connection, which Node's resetAndDestroy() refuses", async () => {
  const { ws, stop } = await openPair({ make: 'ours', role: 'server', transport: 'tls', linger });
  const socket = socketOf(ws);
  assert.ok(socket instanceof tls.TLSSocket);
  assert.throws(() => socket.resetAndDestroy(), { code: 'ERR_INVALID_HANDLE_TYPE' });
  const ended = watchEnd(ws);
  ws.abort();
  assert.equal((await ended).info.forced, 'reset');
  stop();
});

it("wss.close() waits for its connections and leaves no listener on the user's HTTP server", async () => {
  const server = await listen(http.createServer());
  const count = () => server.eventNames().reduce((sum, name) => sum + server.listenerCount(name), 0);
  const before = count();
  const wss = new WebSocketServer({ server, linger });
  const connected = once(wss, 'connection');
  const ws = new WebSocket(`ws://127.0.0.1:${portOf(server)}`, { linger });
  await connected;
  let closed = false;
  wss.close(() => {
    closed = true;
  });
  assert.equal(count(), before);
  await once(ws, 'open');
  assert.equal(closed, false);
  await ws.closeAsync();
  if (!closed) await once(wss, 'close');
  server.close();
});
