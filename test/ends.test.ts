// What a user sees when a connection ends, for each way a peer can end it: on servers and on clients, with this package's
// own classes and with plain ws's after attach().
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type net from 'node:net';
import { describe, it } from 'node:test';
import WebSocket, { attach, WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { portOf, watchEnd } from './support/end.js';
import { CLIENT_FRAMES, connectPeer, type Frames, SERVER_FRAMES, textFrame } from './support/peer.js';

const QUICK = { closeTimeout: 200, logger: false } as const;

type End = Partial<WebSocket.CloseInfo>;

/** Each fault: what the peer does to an open connection, what this side does, and what it must say. */
const FAULTS: {
  name: string;
  peer(socket: net.Socket, frames: Frames): void;
  local?(ws: WebSocket): void;
  end: End;
}[] = [
  {
    name: 'a peer that closes by the handshake ends clean',
    peer: (socket, { close }) => {
      socket.write(close);
      socket.once('data', () => socket.end());
    },
    end: { kind: 'clean', origin: 'peer', phase: 'open', code: 1000, clean: true, forced: null, expected: true },
  },
  {
    name: 'a peer that answers our close ends clean',
    peer: (socket, { close }) => {
      socket.once('data', () => socket.end(close));
    },
    local: (ws) => ws.close(1000, 'done'),
    end: { kind: 'clean', origin: 'local', phase: 'open', code: 1000, clean: true, forced: null, expected: true },
  },
  {
    name: 'RST ends as reset',
    peer: (socket) => socket.resetAndDestroy(),
    end: { kind: 'reset', origin: 'peer', phase: 'open', code: 1006, clean: false, forced: null, expected: true },
  },
  {
    name: 'RST in answer to our close ends as reset in the handshake',
    peer: (socket) => {
      socket.once('data', () => socket.resetAndDestroy());
    },
    local: (ws) => ws.close(1000),
    end: { kind: 'reset', origin: 'peer', phase: 'handshake', code: 1006, clean: false, forced: null },
  },
  {
    name: 'FIN without a close frame ends as closed-without-handshake',
    peer: (socket) => socket.end(),
    end: { kind: 'closed-without-handshake', origin: 'peer', phase: 'open', code: 1006, clean: false, forced: null },
  },
  {
    name: 'FIN in the middle of a frame ends as closed-without-handshake',
    peer: (socket, { half }) => socket.end(half),
    end: { kind: 'closed-without-handshake', origin: 'peer', phase: 'open', code: 1006, forced: null, expected: true },
  },
  {
    name: 'FIN in answer to our close frame ends as closed-without-handshake in the handshake',
    peer: (socket) => {
      socket.once('data', () => socket.end());
    },
    local: (ws) => ws.close(1000),
    end: { kind: 'closed-without-handshake', origin: 'peer', phase: 'handshake', code: 1006 },
  },
  {
    name: 'a peer that never answers our close ends as close-timeout, by RST',
    peer: (socket) => socket.pause(),
    local: (ws) => ws.close(1000),
    end: { kind: 'close-timeout', origin: 'peer', phase: 'handshake', code: 1006, forced: 'reset', expected: true },
  },
  {
    name: 'a peer that closes by the handshake and then keeps TCP open ends clean, by RST',
    peer: (socket, { close }) => {
      socket.pause();
      socket.write(close);
    },
    end: { kind: 'clean', origin: 'peer', code: 1000, clean: true, forced: 'reset' },
  },
  {
    name: 'a frame that breaks the protocol ends as protocol-error',
    peer: (socket) => {
      socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
      socket.once('data', () => socket.end());
    },
    end: { kind: 'protocol-error', origin: 'peer', phase: 'open', expected: false },
  },
  {
    name: 'abort() ends as local-abort, by RST',
    peer: () => {},
    local: (ws) => ws.abort(),
    end: { kind: 'local-abort', origin: 'local', phase: 'open', code: 1006, forced: 'reset', expected: true },
  },
  {
    name: 'terminate() of an idle connection ends as local-abort, without RST',
    peer: () => {},
    local: (ws) => ws.terminate(),
    end: { kind: 'local-abort', origin: 'local', phase: 'open', code: 1006, forced: 'destroy' },
  },
  {
    // Injected at the socket's edge: to wait for the system's own retransmission timeout takes minutes.
    name: 'a read that times out ends as timed-out',
    peer: () => {},
    local: (ws) => socketOf(ws).destroy(Object.assign(new Error('read'), { code: 'ETIMEDOUT', syscall: 'read' })),
    end: { kind: 'timed-out', origin: 'network', phase: 'open', code: 1006, forced: null, expected: true },
  },
];

function socketOf(ws: WebSocket): net.Socket {
  return (ws as unknown as { _socket: net.Socket })._socket;
}

/** Runs a fault against an open connection and checks both how it ends and that it ends once. */
async function check(fault: (typeof FAULTS)[number], ws: WebSocket, peer: net.Socket, frames: Frames): Promise<void> {
  peer.on('error', () => {});
  ws.on('error', () => {});
  const ended = watchEnd(ws);
  fault.peer(peer, frames);
  fault.local?.(ws);
  const { info } = await ended;
  for (const [name, wanted] of Object.entries(fault.end)) {
    assert.equal(info[name as keyof WebSocket.CloseInfo], wanted, `${name} of ${JSON.stringify(info)}`);
  }
  peer.destroy();
}

const servers: [string, () => Upstream.Server][] = [
  ['WebSocketServer', () => new WebSocketServer({ port: 0, linger: QUICK }) as unknown as Upstream.Server],
  ["plain ws's WebSocketServer after attach()", () => attach(new Upstream.WebSocketServer({ port: 0 }), QUICK)],
];

for (const [name, makeServer] of servers) {
  describe(`on the server, with ${name}`, () => {
    for (const fault of FAULTS) {
      it(fault.name, async () => {
        const wss = makeServer();
        await once(wss, 'listening');
        const connected = once(wss, 'connection') as Promise<[WebSocket]>;
        const peer = await connectPeer(portOf(wss));
        const [ws] = await connected;
        await check(fault, ws, peer, CLIENT_FRAMES);
        assert.equal(wss.clients.size, 0);
        wss.close();
        await once(wss, 'close');
      });
    }
  });
}

/** A server of one bare socket: answers the upgrade, then leaves every byte to the test. */
async function bareServer(): Promise<{ server: http.Server; upgraded: Promise<[unknown, net.Socket]> }> {
  const server = http.createServer();
  const upgraded = once(server, 'upgrade').then(([request, socket]) => {
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    return [request, socket] as [unknown, net.Socket];
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, upgraded };
}

const clients: [string, (url: string) => WebSocket][] = [
  ['WebSocket', (url) => new WebSocket(url, { linger: QUICK })],
  ["plain ws's WebSocket after attach()", (url) => attach(new Upstream(url), QUICK) as unknown as WebSocket],
];

for (const [name, makeClient] of clients) {
  describe(`on the client, with ${name}`, () => {
    for (const fault of FAULTS) {
      it(fault.name, async () => {
        const { server, upgraded } = await bareServer();
        const ws = makeClient(`ws://127.0.0.1:${portOf(server)}`);
        const [[, peer]] = await Promise.all([upgraded, once(ws, 'open')]);
        await check(fault, ws, peer, SERVER_FRAMES);
        server.close();
      });
    }
  });
}

describe('messages', () => {
  it('sent just before close() arrive', async () => {
    const wss = new WebSocketServer({ port: 0, linger: QUICK });
    await once(wss, 'listening');
    const received: string[] = [];
    wss.on('connection', (ws) => ws.on('message', (data) => received.push(String(data))));
    const ws = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`);
    await once(ws, 'open');
    for (let i = 0; i < 100; i++) ws.send(String(i));
    const info = await ws.closeAsync();
    assert.equal(info.kind, 'clean');
    assert.deepEqual(
      received,
      Array.from({ length: 100 }, (_, i) => String(i)),
    );
    wss.close();
  });

  it('sent just before terminate() arrive as with plain ws', async () => {
    const wss = new WebSocketServer({ port: 0, linger: QUICK });
    await once(wss, 'listening');
    const received = once(wss, 'connection').then(([ws]) => once(ws, 'message'));
    const ws = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { perMessageDeflate: false });
    await once(ws, 'open');
    ws.send('last words');
    ws.terminate();
    assert.equal(String((await received)[0]), 'last words');
    wss.close();
  });

  it('of other connections go on while one is reset', async () => {
    const wss = new WebSocketServer({ port: 0, linger: QUICK });
    await once(wss, 'listening');
    wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
    const healthy = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`);
    await once(healthy, 'open');
    const doomed = await connectPeer(portOf(wss));
    doomed.write(textFrame('in flight'));
    doomed.resetAndDestroy();
    healthy.send('still here');
    assert.equal(String((await once(healthy, 'message'))[0]), 'still here');
    await healthy.closeAsync();
    wss.close();
  });
});
