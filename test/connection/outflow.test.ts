// 'flushed' and flushed(): nothing that was sent waits in this process any more. Who does not ask pays nothing.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, describe, it } from 'node:test';
import WebSocket, { attach, WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { listen, openHandles, portOf, until } from '../support/end.js';
import { type Make, openPair, type Pair, type PairOptions, socketOf } from '../support/pairs.js';
import { openSender } from '../support/side-by-side.js';
import { duplexTunnel, http2Tunnel, type Tunnel, upgradeStream } from '../support/tunnel.js';

const before = openHandles();
const linger = { closeTimeout: 300, logger: false } as const;
const MB = 1 << 20;

async function openPaused(options: Partial<PairOptions> = {}): Promise<Pair> {
  const pair = await openPair({ make: 'ours', role: 'server', linger, ...options });
  pair.peer.pause();
  return pair;
}

/** Sends until something waits above the system. Returns how much. */
function fill(ws: WebSocket, size: number): number {
  for (let sent = 0; ws.bufferedAmount === 0; sent += size) {
    assert.ok(sent < 512 * MB, 'the system takes all');
    ws.send(Buffer.alloc(size));
  }
  return ws.bufferedAmount;
}

/** Counts the events, with the amount that waits at each. */
function hear(ws: WebSocket): number[] {
  const heard: number[] = [];
  ws.on('flushed', () => heard.push(ws.bufferedAmount));
  return heard;
}

/** What stays on a connection of which nobody asks anything. */
function traces(ws: WebSocket): unknown {
  const { _sender } = ws as unknown as { _sender: object };
  const socket = socketOf(ws);
  return {
    drain: socket.listenerCount('drain'),
    finish: socket.listenerCount('finish'),
    own: Object.keys(_sender).includes('dequeue'),
  };
}

for (const make of ['ours', 'attached'] as Make[]) {
  for (const role of ['server', 'client'] as const) {
    for (const transport of ['tcp', 'tls', 'pipe'] as const) {
      describe(`a ${role} over ${transport}, ${make}`, () => {
        it('waits until a slow peer has taken what was sent, and leaves nothing behind', async () => {
          const pair = await openPaused({ make, role, transport });
          const { ws, peer } = pair;
          const untouched = traces(ws);
          fill(ws, 4 * MB);
          const heard = hear(ws);
          const flushed = ws.flushed().then((result) => [result, ws.bufferedAmount]);
          assert.notDeepEqual(traces(ws), untouched);
          assert.deepEqual(heard, []);
          peer.resume();
          assert.deepEqual(await flushed, [true, 0]);
          assert.deepEqual(heard, [0]);
          ws.removeAllListeners('flushed');
          fill(ws, 4 * MB);
          assert.equal(await ws.flushed(), true);
          assert.deepEqual(traces(ws), untouched);
          pair.stop();
        });

        it('tells of less than the high-water mark where somebody waits, or listens anew', async () => {
          const pair = await openPaused({ make, role, transport });
          const { ws, peer } = pair;
          fill(ws, 1_000);
          const heard = hear(ws);
          const flushed = ws.flushed();
          peer.resume();
          assert.equal(await flushed, true);
          assert.equal(ws.bufferedAmount, 0);
          assert.deepEqual(heard, [0]);
          pair.stop();
        });
      });
    }
  }
}

describe("'flushed'", () => {
  for (const add of ['on', 'addListener', 'prependListener', 'once', 'prependOnceListener'] as const) {
    it(`is told to a listener that was added by ${add}()`, async () => {
      const pair = await openPaused();
      const { ws, peer } = pair;
      fill(ws, 4 * MB);
      const heard = new Promise<void>((resolve) => (ws as NodeJS.EventEmitter)[add]('flushed', resolve));
      peer.resume();
      await heard;
      assert.equal(ws.bufferedAmount, 0);
      pair.stop();
    });
  }

  it('comes each time, and not where the system takes all at once', async () => {
    const pair = await openPaused();
    const { ws, peer } = pair;
    const heard = hear(ws);
    peer.resume();
    ws.send('little');
    assert.equal(ws.bufferedAmount, 0);
    for (let round = 1; round <= 3; round++) {
      peer.pause();
      fill(ws, 4 * MB);
      const next = once(ws, 'flushed');
      peer.resume();
      await next;
      assert.equal(heard.length, round);
    }
    pair.stop();
  });

  it('comes to a listener that was added before the connection was open', async () => {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger });
    await once(wss, 'listening');
    const client = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { perMessageDeflate: false, linger });
    const flushed = once(client, 'flushed');
    const [[ws]] = (await Promise.all([once(wss, 'connection'), once(client, 'open')])) as [[WebSocket], unknown];
    ws.pause();
    fill(client, 4 * MB);
    ws.resume();
    await flushed;
    assert.equal(client.bufferedAmount, 0);
    await Promise.all([client.closeAsync(), wss.drain()]);
  });

  it('does not come of the closing handshake', async () => {
    const pair = await openPaused();
    const { ws, peer, frames } = pair;
    const heard = hear(ws);
    peer.resume();
    peer.end(frames.close);
    await ws.closeAsync();
    assert.deepEqual(heard, []);
    pair.stop();
  });

  it('keeps the return values of on() and the like, and the class that a program had extended', async () => {
    const events: unknown[] = [];
    class Mine extends Upstream {
      override on(event: string | symbol, listener: (...args: never[]) => void): this {
        events.push(event);
        return super.on(event, listener as () => void);
      }
    }
    const wss = new Upstream.WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(wss, 'listening');
    const client = attach(new Mine(`ws://127.0.0.1:${portOf(wss)}`), linger);
    assert.equal(
      client.on('flushed', () => {}),
      client,
    );
    assert.equal(
      client.addListener('open', () => {}),
      client,
    );
    assert.ok(events.includes('flushed'));
    await once(client, 'open');
    await client.closeAsync();
    wss.close();
  });
});

describe('flushed()', () => {
  it('resolves at once with true where nothing waits, before the connection is open too', async () => {
    const pair = await openPaused();
    assert.equal(await pair.ws.flushed(), true);
    const client = new WebSocket('ws://127.0.0.1:1', { linger });
    client.on('error', () => {});
    assert.equal(await client.flushed(), true);
    await new Promise<unknown>((closed) => client.on('close', closed));
    assert.equal(await client.flushed(), false);
    pair.stop();
  });

  it('waits for what is sent meanwhile, too', async () => {
    const pair = await openPaused();
    const { ws, peer } = pair;
    fill(ws, 4 * MB);
    const flushed = ws.flushed();
    let written = false;
    ws.send(Buffer.alloc(8 * MB), () => {
      written = true;
    });
    peer.resume();
    assert.equal(await flushed, true);
    assert.equal(ws.bufferedAmount, 0);
    await until('the callback', () => written);
    pair.stop();
  });

  it('waits for what was queued before a close, and for its close frame', async () => {
    const pair = await openPaused();
    const { ws, peer, frames } = pair;
    fill(ws, 4 * MB);
    ws.close();
    const flushed = ws.flushed();
    peer.resume();
    assert.equal(await flushed, true);
    peer.end(frames.close);
    await once(ws, 'close');
    pair.stop();
  });

  const ENDS: Record<string, (pair: Pair) => void> = {
    'abort()': ({ ws }) => ws.abort(),
    'terminate()': ({ ws }) => ws.terminate(),
    'a reset by the peer': ({ reset }) => reset(),
    'a close whose peer takes nothing, though the socket goes on delivering': ({ ws }) => ws.close(),
  };
  for (const [name, end] of Object.entries(ENDS)) {
    it(`resolves with false after ${name}`, async () => {
      const pair = await openPaused();
      const { ws } = pair;
      fill(ws, 4 * MB);
      const flushed = ws.flushed();
      const socket = socketOf(ws);
      end(pair);
      assert.equal(await flushed, false);
      assert.equal(await ws.flushed(), false);
      await until('it is closed', () => ws.readyState === WebSocket.CLOSED);
      assert.deepEqual([socket.listenerCount('drain')], [0]);
      pair.stop();
    });
  }

  for (const role of ['server', 'client'] as const) {
    it(`waits for compression, and for what waits behind it, at a ${role}`, async () => {
      const options = { perMessageDeflate: { threshold: 0 }, linger } as object;
      const { sender, receiver, stop } = await openSender(WebSocket as typeof Upstream, role, options);
      const ws = sender as unknown as WebSocket;
      let received = 0;
      receiver.on('message', () => received++);
      const heard = hear(ws);
      for (let i = 0; i < 20; i++) ws.send(Buffer.alloc(100_000, `${i}`));
      assert.ok(ws.bufferedAmount > 0);
      assert.equal(await ws.flushed(), true);
      assert.equal(ws.bufferedAmount, 0);
      assert.ok(heard.length > 0 && heard.every((left) => left === 0), `${heard}`);
      await until('all have come', () => received === 20);
      await ws.closeAsync();
      stop();
    });
  }

  it('waits for a Blob', async () => {
    const { sender, receiver, stop } = await openSender(WebSocket as typeof Upstream, 'client', { linger } as object);
    const ws = sender as unknown as WebSocket;
    const message = once(receiver, 'message');
    ws.send(new Blob([Buffer.alloc(200_000)]) as never);
    assert.equal(ws.bufferedAmount, 200_000);
    assert.equal(await ws.flushed(), true);
    assert.equal(ws.bufferedAmount, 0);
    assert.equal(((await message)[0] as Buffer).length, 200_000);
    await ws.closeAsync();
    stop();
  });

  const STREAMS: Record<string, () => Tunnel | Promise<Tunnel>> = {
    'a Duplex stream': () => duplexTunnel(100),
    'a stream of HTTP/2': http2Tunnel,
  };
  for (const [name, makeTunnel] of Object.entries(STREAMS)) {
    it(`waits for ${name}`, async () => {
      const tunnel = await makeTunnel();
      const wss = new WebSocketServer({ noServer: true, perMessageDeflate: false, linger });
      const ws = await upgradeStream(wss, tunnel.server);
      const heard = hear(ws);
      ws.send(Buffer.alloc(2 * MB));
      assert.ok(ws.bufferedAmount >= 2 * MB);
      const flushed = ws.flushed();
      tunnel.client.resume();
      assert.equal(await flushed, true);
      assert.equal(ws.bufferedAmount, 0);
      assert.deepEqual(heard, [0]);
      const closed = once(ws, 'close');
      ws.terminate();
      tunnel.client.destroy();
      await closed;
      tunnel.stop();
    });
  }
});

describe('a program written for plain ws', () => {
  it('finds the listeners, the properties and the methods of ws, also where it sends much', async () => {
    const seen = async (Class: typeof Upstream) => {
      const { sender, receiver, stop } = await openSender(Class, 'server');
      receiver.on('message', () => {});
      const send = (size: number) => new Promise((sent) => sender.send(Buffer.alloc(size), sent));
      await send(10);
      await send(8 * MB);
      const listenersOf = (emitter: NodeJS.EventEmitter) =>
        emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]);
      const { _sender } = sender as unknown as { _sender: object };
      const found = {
        ws: [Object.keys(sender), listenersOf(sender)],
        drain: sender._socket.listenerCount('drain'),
        finish: sender._socket.listenerCount('finish'),
        isSame: Object.hasOwn(_sender, 'dequeue'),
        names: (['on', 'addListener', 'prependListener'] as const).map((name) => typeof sender[name]),
      };
      sender.terminate();
      receiver.terminate();
      stop();
      return found;
    };
    assert.deepEqual(await seen(WebSocket as typeof Upstream), await seen(Upstream));
  });

  it('finds the listeners and the properties of a server of ws, before and after close()', async () => {
    const seen = async (Class: typeof Upstream) => {
      const server = await listen(http.createServer());
      const wss = new Class.Server({ server, ...({ linger } as object) });
      const look = () => ({
        wss: [Object.keys(wss), wss.eventNames()],
        server: [Object.keys(server), server.eventNames().map((name) => [name, server.listenerCount(name)])],
      });
      const open = look();
      const closed = once(wss, 'close');
      wss.close();
      await closed;
      const found = [open, look()];
      server.close();
      return found;
    };
    assert.deepEqual(await seen(WebSocket as typeof Upstream), await seen(Upstream));
  });
});

after(() => until('all handles are gone', () => openHandles() <= before));
