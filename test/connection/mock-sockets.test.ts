// Sockets as tests of applications make them: objects that have no more than what ws itself uses.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import { type CloseInfo, settled, type WebSocket, WebSocketServer } from 'ws-linger';
import { portOf, watchEnd } from '../support/end.js';
import { socketOf } from '../support/pairs.js';
import { connectPeer, SAMPLE_KEY } from '../support/peer.js';

const request = {
  method: 'GET',
  url: '/',
  headers: {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': SAMPLE_KEY,
    'sec-websocket-version': '13',
  },
} as unknown as IncomingMessage;

const MOCKS: [string, () => Duplex][] = [
  [
    'an object',
    () => {
      const socket: Record<string, unknown> = { readable: true, writable: true, destroyed: false };
      for (const name of ['on', 'once', 'removeListener']) socket[name] = () => socket;
      for (const name of ['end', 'write', 'destroy', 'cork', 'uncork', 'pause', 'resume']) socket[name] = () => true;
      return socket as unknown as Duplex;
    },
  ],
  [
    'an EventEmitter',
    () => {
      const socket: object = new EventEmitter();
      const states = { _readableState: { endEmitted: false }, _writableState: { length: 0 } };
      const socketLike = Object.assign(socket, { readable: true, writable: true, destroyed: false, ...states });
      for (const name of ['end', 'write', 'destroy', 'cork', 'uncork', 'pause', 'resume', 'read'])
        Object.assign(socketLike, { [name]: () => null });
      return socketLike as unknown as Duplex;
    },
  ],
];

const linger = { closeTimeout: 20, closeDeadline: 40, heartbeat: { interval: 10_000 }, logger: false } as const;

describe('a connection ends, and is counted once, whose stream has a getter of its own that throws:', () => {
  const ENDS: [string, (ws: WebSocket, peer: Socket) => void][] = [
    ['FIN', (_, peer) => void peer.end()],
    ['RST', (_, peer) => void peer.resetAndDestroy()],
    ['close()', (ws) => ws.close(1000)],
    [
      'close() with more to send than is read',
      (ws, peer) => {
        peer.pause();
        for (let i = 0; i < 8; i++) ws.send(Buffer.alloc(1 << 20));
        ws.close(1000);
      },
    ],
    ['a broken frame', (_, peer) => void peer.resume().end(Buffer.from([0xff, 0xff, 1, 2]))],
  ];
  for (const name of ['remoteAddress', 'bytesRead', 'bytesWritten', '_bytesDispatched']) {
    for (const [how, end] of ENDS) {
      it(`${name}, ended by ${how}`, async () => {
        const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger });
        await once(wss, 'listening');
        const accepted = once(wss, 'connection') as Promise<[WebSocket]>;
        const peer = await connectPeer(portOf(wss));
        const [ws] = await accepted;
        Object.defineProperty(socketOf(ws), name, {
          get() {
            throw new Error('an error of the application');
          },
        });
        const ended = watchEnd(ws);
        end(ws, peer);
        await ended;
        const counts = Object.values(wss.stats().ended);
        assert.deepEqual([counts.reduce((sum, count) => sum + count), wss.clients.size], [1, 0]);
        peer.destroy();
        await settled();
        wss.close();
      });
    }
  }
});

it('a connection ends whose stream wraps another one, and throws once that is gone', async () => {
  class Wrapping extends Duplex {
    override _read() {}
    override _write(_chunk: unknown, _encoding: unknown, done: () => void) {
      done();
    }
    get _parent(): object {
      if (this.destroyed) throw new Error('an error of the application');
      return this;
    }
  }
  const wss = new WebSocketServer({ noServer: true, linger });
  const ws = await new Promise<WebSocket>((resolve) =>
    wss.handleUpgrade(request, new Wrapping(), Buffer.alloc(0), (accepted) => resolve(accepted as WebSocket)),
  );
  const ended = watchEnd(ws);
  ws.terminate();
  assert.equal((await ended).info.kind, 'local-abort');
  assert.equal(wss.clients.size, 0);
});

describe('a mock of a socket becomes a WebSocket, and ends in time', () => {
  for (const [what, make] of MOCKS) {
    for (const how of ['close', 'terminate', 'abort'] as const) {
      it(`${what}, ended by ${how}()`, async () => {
        const wss = new WebSocketServer({ noServer: true, linger });
        const ws = await new Promise<WebSocket>((resolve) =>
          wss.handleUpgrade(request, make(), Buffer.alloc(0), (accepted) => resolve(accepted as WebSocket)),
        );
        const ended = watchEnd(ws);
        ws.send('hello');
        ws[how]();
        const { info }: { info: CloseInfo } = await ended;
        assert.equal(info.kind, how === 'close' ? 'close-timeout' : 'local-abort');
        await wss.drain({ timeout: 100 });
      });
    }

    it(`${what}, given to a server by its event 'upgrade'`, async () => {
      const server = http.createServer();
      const wss = new WebSocketServer({ server, linger });
      const accepted = new Promise<WebSocket>((resolve) => wss.once('connection', (ws) => resolve(ws as WebSocket)));
      server.emit('upgrade', request, make(), Buffer.alloc(0));
      const ended = watchEnd(await accepted);
      (await accepted).terminate();
      await ended;
      wss.close();
    });
  }
});
