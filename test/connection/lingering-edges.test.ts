// What applications and streams do to a socket that lingers: listeners removed, listeners that throw, streams that never close, clocks
// that are mocked. Each was a broken promise once.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { Duplex, type DuplexOptions } from 'node:stream';
import { describe, it } from 'node:test';
import type WebSocket from 'ws-linger';
import { createWebSocketStream, settled, WebSocketServer } from 'ws-linger';
import { parseOutput, runEdge } from '../support/child.js';
import { portOf } from '../support/end.js';
import { openPair, type Pair, socketOf, stall } from '../support/pairs.js';
import { connectPeer, connectTcp } from '../support/peer.js';

const QUICK = { closeTimeout: 100, closeDeadline: 20_000, logger: false } as const;

/** A connection whose peer has stopped reading, with more queued than the kernel takes. */
async function stalledPair(linger: WebSocket.LingerOptions = QUICK): Promise<Pair> {
  const pair = await openPair({ make: 'ours', role: 'server', linger });
  await stall(pair);
  return pair;
}

describe('a socket that lingers', () => {
  it('is waited for where the application removes all listeners in close', async () => {
    const pair = await stalledPair();
    pair.ws.once('close', () => socketOf(pair.ws).removeAllListeners());
    await pair.ws.closeAsync();
    pair.reset();
    await settled();
    pair.stop();
  });

  it('goes on where a listener of close throws, and sends its FIN', async () => {
    const { heldMs, ...said } = parseOutput<{ lingering: number; collected: number; heldMs: number }>(
      await runEdge('lingering', { args: ['throw'] }),
    );
    assert.deepEqual(said, { lingering: 1, collected: 1 }); // delivered once, thrown once
    assert.ok(heldMs < 5_000, `${heldMs} ms`);
  });

  it('is ended by terminate(), as with ws: by FIN, without what waits', async () => {
    const pair = await stalledPair();
    await pair.ws.closeAsync();
    pair.ws.terminate();
    assert.ok(socketOf(pair.ws).destroyed);
    await settled();
    pair.stop();
  });

  it('is ended sooner by a later closeAsync() with a timeout', async () => {
    const pair = await stalledPair();
    await pair.ws.closeAsync();
    const began = performance.now();
    await pair.ws.closeAsync(1000, '', { timeout: 200 });
    await settled();
    const took = performance.now() - began;
    assert.ok(took >= 195 && took < 2_000, `${took} ms`);
    pair.stop();
  });

  it('does not hold up a server that is closed later, whose callback comes', async () => {
    const { heldMs } = parseOutput<{ heldMs: number }>(await runEdge('lingering', { args: ['close-later'] }));
    assert.ok(heldMs >= 0, 'the callback was called');
  });

  it('keeps the process alive on a stream that does not', async () => {
    const { lingering, heldMs } = parseOutput<{ lingering: number; heldMs: number }>(
      await runEdge('lingering', { args: ['unref-stream'] }),
    );
    assert.equal(lingering, 0);
    assert.ok(heldMs >= 500, `${heldMs} ms`);
  });

  it('lets a stream of createWebSocketStream() be destroyed when both of its sides have ended', async () => {
    const pair = await openPair({ make: 'ours', role: 'server', linger: QUICK });
    const stream = createWebSocketStream(pair.ws);
    const closed = once(stream, 'close');
    stream.resume().end('hello');
    await closed;
    assert.ok(stream.destroyed);
    pair.peer.resume().end();
    await settled();
    pair.stop();
  });
});

describe('streams that never close', () => {
  const odd: [string, DuplexOptions][] = [
    ['has emitClose: false', { emitClose: false }],
    ['never calls back when it is destroyed', { destroy() {} }],
    [
      'throws when it is destroyed',
      {
        destroy() {
          throw new Error('no');
        },
      },
    ],
  ];
  for (const [what, options] of odd) {
    it(`do not hold up settled(): one that ${what}`, async (t) => {
      const ignore = () => {};
      process.on('uncaughtException', ignore);
      t.after(() => process.removeListener('uncaughtException', ignore));
      const { server } = await overStream({ closeTimeout: 50, closeDeadline: 200, logger: false }, options);
      const other = await overStream({ closeTimeout: 50, closeDeadline: 400, logger: false }, {});
      server.close();
      other.server.close();
      await Promise.all([once(server, 'close'), once(other.server, 'close')]);
      await settled();
      assert.ok(other.stream.destroyed, 'the deadlines of others hold');
    });
  }
});

/** A WebSocket of ours over a stream that takes everything and says nothing. */
async function overStream(
  linger: WebSocket.LingerOptions,
  options: DuplexOptions,
): Promise<{ server: WebSocket; stream: Duplex }> {
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done(), ...options });
  stream.on('error', () => {});
  const wss = new WebSocketServer({ noServer: true, linger });
  const headers = {
    upgrade: 'websocket',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version': '13',
  };
  const request = { method: 'GET', headers, url: '/', socket: stream } as unknown as http.IncomingMessage;
  const server = await new Promise<WebSocket>((resolve) => {
    wss.handleUpgrade(request as never, stream, Buffer.alloc(0), resolve as never);
  });
  return { server, stream };
}

describe('mocked timers', () => {
  it('let limits come out as those of ws do, though the clock stands still', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { server, stream } = await overStream({ logger: false }, {});
    server.close();
    let closed = false;
    server.on('close', () => {
      closed = true;
    });
    const pass = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 100) {
        t.mock.timers.tick(100);
        for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
      }
    };
    await pass(1_500);
    assert.equal(closed, false);
    await pass(1_500);
    assert.equal(closed, true);
    // Each timer ends up to a tick late, and what comes after it does, too.
    await pass(45_000);
    assert.ok(stream.destroyed);
    t.mock.timers.reset();
    await settled();
  });
});

describe('a message that is being inflated when closeTimeout is over', () => {
  it('is told before the end, however long the thread pool is busy', async () => {
    const { lingering, collected } = parseOutput<{ lingering: number; collected: number }>(
      await runEdge('inflating', { flags: [] }),
    );
    assert.deepEqual({ code: lingering, messages: collected }, { code: 1000, messages: 2 });
  });
});

describe('http.Server', () => {
  it('counts a socket that lingers for maxConnections, as with ws, and does not wait for one that is flushed to close', async () => {
    const server = http.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const wss = new WebSocketServer({ server, linger: QUICK });
    const connected = once(wss, 'connection');
    const peer = await connectPeer(portOf(server));
    const [ws] = (await connected) as [WebSocket];
    const count = () =>
      new Promise<number>((resolve) => server.getConnections((_, connections) => resolve(connections)));
    await ws.closeAsync();
    assert.equal(wss.stats().lingering.now, 1);
    assert.equal(await count(), 1);
    wss.close();
    await new Promise((resolve) => server.close(resolve));
    assert.deepEqual([await count(), wss.stats().lingering.now], [0, 1]);
    peer.end();
    await settled();
    assert.equal(await count(), 0);
  });

  it('may be sealed: its connections end, and its close waits for all sockets, as with ws', async () => {
    const server = http.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const wss = new WebSocketServer({ server, linger: QUICK });
    Object.seal(server);
    const connected = once(wss, 'connection');
    const peer = await connectPeer(portOf(server));
    await ((await connected)[0] as WebSocket).closeAsync();
    assert.equal(wss.stats().lingering.now, 1);
    wss.close();
    const closed = once(server.close(), 'close');
    peer.end();
    await Promise.all([closed, settled()]);
  });

  it('has no more sockets than maxConnections, where peers never answer a close', async () => {
    const server = http.createServer().listen(0, '127.0.0.1');
    server.maxConnections = 1;
    await once(server, 'listening');
    const wss = new WebSocketServer({ server, linger: QUICK });
    const connected = once(wss, 'connection');
    const peer = await connectPeer(portOf(server));
    await ((await connected)[0] as WebSocket).closeAsync();
    const dropped = once(server, 'drop', { signal: AbortSignal.timeout(20_000) });
    const another = connectTcp(server);
    await dropped;
    another.destroy();
    peer.end();
    await settled();
    const last = await connectPeer(portOf(server));
    last.destroy();
    wss.close();
    server.close();
  });
});
