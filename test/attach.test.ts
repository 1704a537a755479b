// attach() accepts servers and WebSockets of ws 8. It refuses everything else with a stable code and leaves it
// unchanged.
import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import http from 'node:http';
import { describe, it } from 'node:test';
import type WebSocket from 'ws-linger';
import { attach, closeSentence } from 'ws-linger';
import type Upstream from 'ws-upstream';
import NewestUpstream from 'ws-upstream';
import { listen, portOf, watchEnd } from './support/end.js';
import { acceptUpgrade } from './support/pairs.js';
import { CLIENT_FRAMES, connectPeer } from './support/peer.js';

const refused = { name: 'TypeError', code: 'WSL_ERR_NOT_ATTACHABLE' };
const ofOlderWs = { ...refused, message: /of an older ws, .*take a release .*override "ws@\^8" rather than "ws"/ };

/** Everything about an object that attach() could change. */
const shapeOf = (target: object) => ({
  prototype: Object.getPrototypeOf(target),
  own: Object.getOwnPropertyDescriptors(target),
  options: { ...(target as { options?: object }).options },
});

const listenersOf = (emitter: EventEmitter | null | undefined) =>
  emitter?.eventNames().map((name) => [name, emitter.listeners(name)]);

it('refuses the server and the WebSockets of ws 7, which go on working', async () => {
  const Old: typeof Upstream = require('ws-7');
  const wss = new Old.Server({ host: '127.0.0.1', port: 0 });
  await once(wss, 'listening');
  const client = new Old(`ws://127.0.0.1:${portOf(wss)}`);
  const [[ws]] = (await Promise.all([once(wss, 'connection'), once(client, 'open')])) as [[Upstream], unknown];

  for (const target of [wss, ws, client]) {
    const inner = target as unknown as { _server?: EventEmitter; _socket?: EventEmitter };
    const snapshot = () => [shapeOf(target), listenersOf(target), listenersOf(inner._server ?? inner._socket)];
    const before = snapshot();
    assert.throws(() => attach(target as Upstream), ofOlderWs);
    assert.throws(() => attach(target as Upstream, { closeTimeout: 100 }), ofOlderWs);
    assert.deepEqual(snapshot(), before);
  }

  ws.on('message', (data) => ws.send(data));
  client.send('hello');
  assert.equal(String((await once(client, 'message'))[0]), 'hello');
  client.close(1000);
  const ends = await Promise.all([once(ws, 'close'), once(client, 'close')]);
  assert.deepEqual(
    ends.map(([code]) => code),
    [1000, 1000],
  );
  wss.close();
});

describe('the oldest ws that can be attached ends', () => {
  const Oldest: typeof Upstream = require('ws-8.5');
  const linger = { closeTimeout: 100, closeDeadline: 300, logger: false } as const;
  const attached = (ws: Upstream) => ws as unknown as WebSocket;

  /** A connection to a peer that neither reads nor answers, and what stops the server. */
  const SIDES = {
    async server() {
      const wss = attach(new Oldest.WebSocketServer({ host: '127.0.0.1', port: 0 }), linger);
      await once(wss, 'listening');
      const accepted = once(wss, 'connection') as Promise<[Upstream]>;
      const peer = await connectPeer(portOf(wss));
      peer.pause();
      return { ws: attached((await accepted)[0]), peer, stop: () => wss.close() };
    },
    async client() {
      const server = await listen(http.createServer());
      const upgraded = once(server, 'upgrade').then(([request, socket]) => {
        acceptUpgrade(request, socket);
        return socket.on('error', () => {}).pause();
      });
      const ws = attach(new Oldest(`ws://127.0.0.1:${portOf(server)}`), linger);
      const [peer] = await Promise.all([upgraded, once(ws, 'open')]);
      return { ws, peer, stop: () => server.close() };
    },
  };
  const ENDS: Record<string, { act(ws: WebSocket): void; kind: WebSocket.CloseKind }> = {
    'close() that is not answered': { act: (ws) => ws.close(1000), kind: 'close-timeout' },
    'terminate()': { act: (ws) => ws.terminate(), kind: 'local-abort' },
    'abort()': { act: (ws) => ws.abort(), kind: 'local-abort' },
  };

  for (const [side, open] of Object.entries(SIDES)) {
    for (const [what, { act, kind }] of Object.entries(ENDS)) {
      it(`a ${side} by ${what}`, async () => {
        const { ws, peer, stop } = await open();
        const ended = watchEnd(ws);
        act(ws);
        const { info } = await ended;
        assert.equal(info.kind, kind);
        assert.ok(info.elapsedMs < 1_000, `it took ${info.elapsedMs} ms, so the options were not those of attach()`);
        peer.destroy();
        stop();
      });
    }
  }

  it("a server's connections are counted, and drained", async () => {
    const wss = attach(new Oldest.WebSocketServer({ host: '127.0.0.1', port: 0, clientTracking: false }), linger);
    await once(wss, 'listening');
    const peer = await connectPeer(portOf(wss));
    assert.equal(wss.stats().connections.open, 1);
    peer.once('data', () => peer.end(CLIENT_FRAMES.close));
    assert.equal((await wss.drain({ code: 1000 })).clean, 1);
  });
});

for (const how of ['terminate', 'close'] as const) {
  it(`${how}() before attach() in CONNECTING is told as an opening that failed before, whoever broke it off`, async () => {
    const server = await listen(http.createServer().on('upgrade', () => {}));
    const ws: Upstream = new NewestUpstream(`ws://127.0.0.1:${portOf(server)}`);
    ws.on('error', () => {})[how]();
    const { info } = await watchEnd(attach(ws, { logger: false }) as unknown as WebSocket);
    assert.deepEqual([info.kind, info.origin, info.phase], ['upgrade-failed', 'network', 'opening']);
    assert.equal(closeSentence(info), 'The opening handshake had failed before it was attached');
    server.closeAllConnections();
    server.close();
  });
}

describe('what is frozen is refused and left as it is:', () => {
  const server = () => new NewestUpstream.WebSocketServer({ noServer: true });
  const opening = () => new NewestUpstream('ws://127.0.0.1:1').on('error', () => {});
  const FROZEN: [string, () => object][] = [
    ['a server', () => Object.freeze(server())],
    ['a server that is not extensible', () => Object.preventExtensions(server())],
    [
      'a server with frozen options',
      () => {
        const wss = server();
        Object.freeze(wss.options);
        return wss;
      },
    ],
    [
      'a server with a frozen connection',
      () => {
        const wss = server();
        return wss.clients.add(Object.preventExtensions(opening())) && wss;
      },
    ],
    ['a WebSocket', () => Object.preventExtensions(opening())],
  ];
  for (const [what, make] of FROZEN) {
    it(what, () => {
      const target = make();
      const before = shapeOf(target);
      assert.throws(() => attach(target as never), refused);
      assert.deepEqual(shapeOf(target), before);
    });
  }

  it('but not what was attached before it was frozen', () => {
    const wss = attach(server());
    assert.equal(attach(Object.freeze(wss)), wss);
  });
});

class Other {}
class OtherSocket {
  _socket = null;
  emitClose() {}
  terminate() {}
}

for (const [what, target] of Object.entries({
  undefined: undefined,
  null: null,
  'a string': 'server',
  'an object': {},
  'an array': [],
  'a function': () => {},
  'an object without a prototype': Object.create(null),
  'a server without options': { handleUpgrade() {} },
  'a server whose options are undefined': { handleUpgrade() {}, options: undefined },
  'a server without a WebSocket class': { handleUpgrade() {}, options: {} },
  "a server of another package's class": { handleUpgrade() {}, options: { WebSocket: Other } },
  "another package's WebSocket": new OtherSocket(),
})) {
  it(`refuses ${what}`, () => {
    assert.throws(() => attach(target as never), refused);
  });
}
