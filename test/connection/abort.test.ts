// abort() reaches the peer as RST from every state a connection can be in, and says so only where it is true.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import https from 'node:https';
import net from 'node:net';
import { describe, it } from 'node:test';
import tls from 'node:tls';
import WebSocket, { WebSocketServer } from 'ws-linger';
import { certificate } from '../support/certificate.js';
import { portOf, watchEnd } from '../support/end.js';
import { socketOf } from '../support/pairs.js';
import { assertReset, connectPeer, endOf } from '../support/peer.js';

const LINGER = { closeTimeout: 60_000, logger: false } as const; // long: only abort() ends these connections

interface Pair {
  ws: WebSocket;
  peer: net.Socket;
  stop(): void;
}

/** A connection of ours on a server, and the bare socket at its other end. */
async function pair(host = '127.0.0.1', listen = host): Promise<Pair> {
  const wss = new WebSocketServer({ port: 0, host: listen, linger: LINGER });
  await once(wss, 'listening');
  const connected = once(wss, 'connection');
  const peer = await connectPeer(portOf(wss), host);
  return { ws: (await connected)[0] as WebSocket, peer, stop: () => wss.close() };
}

const STALL_BYTES = 16 * 1024 * 1024;

/** Sends until bytes are left that the local TCP stack does not take, since the peer does not read. */
async function stall(ws: WebSocket, peer: net.Socket): Promise<void> {
  peer.pause();
  for (let i = 0; i < 16; i++) ws.send(Buffer.alloc(STALL_BYTES / 16));
  await new Promise(setImmediate);
  assert.ok(ws.bufferedAmount > 0);
}

const states: [string, (ws: WebSocket, peer: net.Socket) => unknown][] = [
  ['idle', () => {}],
  ['with unread input', (ws, peer) => peer.write(Buffer.alloc(1000), () => ws.pause())],
  ['with a stalled peer', stall],
  ['with a stalled peer and close() called', (ws, peer) => stall(ws, peer).then(() => ws.close())],
  ['right after close()', (ws) => ws.close()],
  ['right after end() of its socket', (ws) => socketOf(ws).end()],
  ['a turn after end() of its socket', (ws) => new Promise((turn) => socketOf(ws).end(() => setImmediate(turn)))],
  ['paused', (ws) => ws.pause()],
];

describe('abort() sends RST', () => {
  for (const [state, prepare] of states) {
    it(`when the connection is ${state}`, async () => {
      const { ws, peer, stop } = await pair();
      await prepare(ws, peer);
      const stalled = peer.isPaused();
      const seen = stalled ? null : endOf(peer);
      const ended = watchEnd(ws);
      ws.abort();
      const { info } = await ended;
      assert.equal(info.kind, 'local-abort');
      assert.equal(info.forced, 'reset');
      if (seen) await assertReset(peer, await seen);
      else await assertCut(peer);
      stop();
    });
  }

  for (const [host, listen] of [
    ['::1', '::1'],
    ['127.0.0.1', '::'],
  ] as const) {
    it(`to a peer at ${host} of a server at ${listen}`, async () => {
      const { ws, peer, stop } = await pair(host, listen);
      const ended = watchEnd(ws);
      const seen = endOf(peer);
      ws.abort();
      assert.equal((await ended).info.forced, 'reset');
      assert.equal(await seen, 'ECONNRESET');
      stop();
    });
  }
});

/**
 * What the peer's kernel had taken may still be read, but it does not come whole. (libuv on Linux reports an orderly end
 * after unread data, so the error code proves nothing here.)
 */
async function assertCut(peer: net.Socket): Promise<void> {
  await endOf(peer);
  assert.ok(peer.bytesRead < STALL_BYTES);
}

describe('abort() over TLS', () => {
  async function tlsPair() {
    const server = https.createServer(await certificate());
    const wss = new WebSocketServer({ server, linger: LINGER });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const connected = once(wss, 'connection');
    const client = new WebSocket(`wss://127.0.0.1:${portOf(server)}`, { rejectUnauthorized: false, linger: LINGER });
    await once(client, 'open');
    const ws = (await connected)[0] as WebSocket;
    return { ws, client, stop: () => wss.close(() => server.close()) };
  }

  it('sends RST from the server', async () => {
    const { ws, client, stop } = await tlsPair();
    const ends = Promise.all([watchEnd(ws), watchEnd(client)]);
    ws.abort();
    const [atServer, atClient] = await ends;
    assert.equal(atServer.info.forced, 'reset');
    assert.equal(atClient.info.kind, 'reset');
    stop();
  });

  it('sends RST from the client', async () => {
    const { ws, client, stop } = await tlsPair();
    const ends = Promise.all([watchEnd(ws), watchEnd(client)]);
    client.abort();
    const [atServer, atClient] = await ends;
    assert.equal(atClient.info.forced, 'reset');
    assert.equal(atServer.info.kind, 'reset');
    assert.ok(socketOf(ws) instanceof tls.TLSSocket);
    stop();
  });
});

describe('abort() before and after', () => {
  it('ends an opening handshake as in ws, with an error and one close', async () => {
    const silent = net.createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const ws = new WebSocket(`ws://127.0.0.1:${portOf(silent)}`, { linger: LINGER });
    const ended = watchEnd(ws);
    const failed = new Promise<Error>((resolve) => ws.once('error', resolve));
    ws.abort();
    assert.match((await failed).message, /closed before the connection was established/);
    const { info } = await ended;
    assert.deepEqual([info.kind, info.origin, info.phase, info.forced], ['local-abort', 'local', 'opening', null]);
    silent.close();
  });

  it('does nothing when called again or too late', async () => {
    const { ws, stop } = await pair();
    const ended = watchEnd(ws);
    ws.abort();
    ws.abort();
    ws.terminate();
    const { info } = await ended;
    ws.abort();
    ws.close();
    assert.equal(ws.closeInfo, info);
    assert.equal(await ws.closeAsync(), info);
    stop();
  });
});

describe('terminate()', () => {
  for (const [terminate, forced] of [
    [undefined, 'destroy'],
    ['destroy', 'destroy'],
    ['reset', 'reset'],
  ] as const) {
    for (const stalled of [false, true]) {
      const peerIs = stalled ? 'a stalled peer' : 'a peer that reads';
      it(`with linger.terminate ${terminate} ends the connection to ${peerIs} by ${forced}, at once`, async () => {
        const wss = new WebSocketServer({ port: 0, linger: { ...LINGER, ...(terminate && { terminate }) } });
        await once(wss, 'listening');
        const connected = once(wss, 'connection');
        const peer = await connectPeer(portOf(wss));
        const ws = (await connected)[0] as WebSocket;
        if (stalled) await stall(ws, peer);
        const ended = watchEnd(ws);
        ws.terminate();
        assert.equal(socketOf(ws).destroyed, true);
        const { info } = await ended;
        assert.equal(info.forced, forced);
        assert.equal(info.bytesUnsent > 0, stalled);
        peer.destroy();
        wss.close();
      });
    }
  }
});
