// Lingering: close() is reported in time, and the peer still receives all that plain ws would have delivered. Runs at
// the default limits in real time, with plain ws and with this package side by side.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http from 'node:http';
import type net from 'node:net';
import { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import WebSocket, { settled, WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { parseOutput, runEdge } from '../support/child.js';
import { listen, portOf, until, watchEnd } from '../support/end.js';
import { openPair, type Pair, type Role, STALL_BYTES, stall, type Transport } from '../support/pairs.js';
import { assertReset, CLIENT_FRAMES, connectPeer, endOf } from '../support/peer.js';
import { type Class, type Inner, openSender, QUIET, type SenderPair, serve } from '../support/side-by-side.js';
import { duplexTunnel, http2Tunnel, openOver, type Tunnel, upgradeStream } from '../support/tunnel.js';

const OURS = WebSocket as unknown as Class;
const MB = 1024 * 1024;

interface Outcome {
  /** The length of each message that the receiver got. */
  messages: number[];
  /** The close code that the receiver got. */
  code: number;
  /** The time from close() to the sender's 'close' event, in ms. */
  reportedAfter: number;
}

/** Runs a scene with plain ws and with ws-linger at the same time. */
async function both<T>(scene: (Sender: Class) => Promise<T>): Promise<{ plain: T; ours: T }> {
  const [plain, ours] = await Promise.all([scene(Upstream), scene(OURS)]);
  return { plain, ours };
}

/** Runs `act`, which ends the connection, and records what both sides observe. */
async function observe({ sender, receiver, stop }: SenderPair, act: (sender: Inner) => unknown): Promise<Outcome> {
  const messages: number[] = [];
  receiver.on('message', (data: Buffer) => messages.push(data.length));
  const began = performance.now();
  const reported = once(sender, 'close').then(() => Math.round(performance.now() - began));
  const closed = once(receiver, 'close') as Promise<[number]>;
  await act(sender);
  const [[code], reportedAfter] = await Promise.all([closed, reported]);
  stop();
  return { messages, code, reportedAfter };
}

/** Pauses a receiver for `ms` after its first message; one of this package's, until 'close' was emitted on the sender, too. */
function pauseFor({ sender, receiver }: Pick<SenderPair, 'sender' | 'receiver'>, ms: number): void {
  const reported = sender instanceof WebSocket ? once(sender, 'close') : null;
  receiver.once('message', async () => {
    receiver.pause();
    await Promise.all([delay(ms), reported]);
    receiver.resume();
  });
}

/** How long readers pause, and how long a slow stream takes to write. */
const PAUSE_MS = 5_000;
/** What a busy machine takes to read 20 MB comes on top of the pause. */
const DRAIN_MS = 20_000;

/** Until the kernel's buffers are full, which takes a busy machine a while, there is progress, and the limit does not run. */
const FULL_MS = 8_000;

/** Checks that 'close' was emitted after closeTimeout: it did not wait for the receiver, which was paused until then. */
function assertReportedInTime({ reportedAfter }: Outcome, before = FULL_MS + 2_000): void {
  assert.ok(reportedAfter >= 2_000 && reportedAfter < before, `reported after ${reportedAfter} ms`);
}

describe('a reader that pauses for longer than closeTimeout', { concurrency: true }, () => {
  for (const role of ['server', 'client'] as const) {
    it(`receives 20 MB and the close frame of a ${role}, whose 'close' comes in time`, async () => {
      const { plain, ours } = await both(async (Sender) => {
        const scene = await openSender(Sender, role);
        pauseFor(scene, PAUSE_MS);
        return observe(scene, (sender) => {
          for (let i = 0; i < 20; i++) sender.send(Buffer.alloc(MB));
          sender.close(1000);
        });
      });
      assert.deepEqual([plain.messages.length, plain.code], [20, 1000]);
      assert.deepEqual([ours.messages, ours.code], [plain.messages, plain.code]);
      assertReportedInTime(ours);
    });
  }

  it('receives all compressed messages', async () => {
    const noise = Buffer.from(Array.from({ length: MB }, (_, i) => (i * 7919 * (i >> 8)) % 251));
    const { plain, ours } = await both(async (Sender) => {
      const scene = await openSender(Sender, 'server', { perMessageDeflate: { threshold: 0 } });
      pauseFor(scene, PAUSE_MS);
      return observe(scene, (sender) => {
        for (let i = 0; i < 30; i++) sender.send(noise);
        sender.close(1001);
      });
    });
    assert.deepEqual([ours.messages, ours.code], [plain.messages, plain.code]);
    assert.equal(ours.messages.length, 30);
  });

  it('receives all messages when the application also sends to the closing connection, as a broadcast does', async () => {
    const { plain, ours } = await both(async (Sender) => {
      const scene = await openSender(Sender, 'server');
      pauseFor(scene, PAUSE_MS);
      return observe(scene, (sender) => {
        for (let i = 0; i < 20; i++) sender.send(Buffer.alloc(MB));
        sender.close(1000);
        sender.send('too late', () => {});
      });
    });
    assert.deepEqual([ours.messages, ours.code], [plain.messages, plain.code]);
    assert.equal(ours.messages.length, 20);
    assertReportedInTime(ours);
  });

  it('receives all messages after it has sent its own close frame', async () => {
    const { plain, ours } = await both(async (Sender) => {
      const scene = await openSender(Sender, 'server');
      const { sender, receiver } = scene;
      pauseFor({ sender, receiver }, PAUSE_MS);
      return observe(scene, async () => {
        for (let i = 0; i < 20; i++) sender.send(Buffer.alloc(MB));
        receiver.close(4000);
      });
    });
    assert.deepEqual([ours.messages, ours.code], [plain.messages, plain.code]);
    assert.equal(ours.messages.length, 20);
    assertReportedInTime(ours);
  });

  it('receives all messages of a server that drains, and drain() waits for it', async () => {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, ...QUIET });
    await once(wss, 'listening');
    const receiver = new Upstream(`ws://127.0.0.1:${portOf(wss)}`) as Inner;
    const [[sender]] = (await Promise.all([once(wss, 'connection'), once(receiver, 'open')])) as [[Inner], unknown];
    pauseFor({ sender, receiver }, PAUSE_MS);
    let drained = 0;
    const began = performance.now();
    const outcome = await observe({ sender, receiver, stop: () => {} }, async () => {
      for (let i = 0; i < 10; i++) sender.send(Buffer.alloc(2 * MB));
      await wss.drain({ timeout: DRAIN_MS });
      drained = performance.now() - began;
    });
    assert.deepEqual([outcome.messages.length, outcome.code], [10, 1001]);
    assertReportedInTime(outcome);
    assert.ok(drained >= PAUSE_MS && drained < DRAIN_MS, `drained after ${drained} ms`);
    assert.deepEqual(wss.stats().lingering, { now: 0, delivered: 1, cut: 0, lost: 0 });
  });

  it('receives a whole upload of createWebSocketStream()', async () => {
    const total = 20_000_000;
    const upload = async (Both: Class) => {
      const wss = await serve(Both, { perMessageDeflate: false });
      let received = 0;
      const ended = new Promise<void>((resolve) => {
        wss.on('connection', (ws) => {
          const stream = Both.createWebSocketStream(ws);
          stream.on('error', () => {});
          stream.on('data', (chunk: Buffer) => {
            const before = received;
            received += chunk.length;
            if (before >= total - 2 * MB || received < total - 2 * MB) return;
            stream.pause();
            setTimeout(() => stream.resume(), 4_000);
          });
          stream.on('end', resolve);
        });
      });
      const client = new Both(`ws://127.0.0.1:${portOf(wss)}`, { perMessageDeflate: false, ...QUIET });
      let left = total;
      const source = async function* () {
        for (; left > 0; left -= 50_000) yield Buffer.alloc(50_000);
      };
      await pipeline(source, Both.createWebSocketStream(client));
      await ended;
      wss.close();
      return received;
    };
    assert.deepEqual(await both(upload), { plain: total, ours: total });
  });
});

describe("ws's own closeTimeout", { concurrency: true }, () => {
  it('limits the close if it is given', async () => {
    const { plain, ours } = await both(async (Sender) => {
      const wss = await serve(Sender, { closeTimeout: 60_000 } as Upstream.ServerOptions);
      const connected = once(wss, 'connection') as Promise<[Inner]>;
      const peer = await connectPeer(portOf(wss));
      const [ws] = await connected;
      const closed = once(ws, 'close') as Promise<[number]>;
      ws.close(1000);
      setTimeout(() => peer.end(CLIENT_FRAMES.close), 3_000);
      const [code] = await closed;
      wss.close();
      return code;
    });
    assert.deepEqual([plain, ours], [1000, 1000]);
  });
});

describe('over a stream that counts no bytes', { concurrency: true }, () => {
  const tunnels: [string, () => Tunnel | Promise<Tunnel>][] = [
    ['a Duplex', duplexTunnel],
    ['a stream of HTTP/2', http2Tunnel],
  ];
  for (const [what, make] of tunnels) {
    it(`close() waits for a peer that goes on sending for 5 s (${what})`, async () => {
      const { plain, ours } = await both(async (Sender) => {
        const tunnel = await make();
        const { server, client } = await openOver(tunnel, Sender, Upstream, QUIET);
        let received = 0;
        server.on('message', () => received++);
        const closed = once(server, 'close') as Promise<[number]>;
        // The peer sends all its messages before it reads and answers the close frame.
        const raw = tunnel.client;
        raw.pause();
        server.close(1000);
        for (let i = 0; i < 50; i++) {
          client.send('still talking');
          await delay(100);
        }
        raw.resume();
        const [code] = await closed;
        tunnel.stop();
        return [received, code];
      });
      assert.deepEqual(plain, [50, 1000]);
      assert.deepEqual(ours, plain);
    });
  }

  it("a message that the stream takes 5 s to write is delivered, and its sender's 'close' comes in time", async () => {
    const { plain, ours } = await both(async (Sender) => {
      const tunnel = duplexTunnel(PAUSE_MS);
      const { server, client } = await openOver(tunnel, Sender, Upstream, { perMessageDeflate: false, ...QUIET });
      return observe({ sender: server, receiver: client, stop: tunnel.stop }, (sender) => {
        sender.send(Buffer.alloc(2_500_000));
        sender.close(1000);
      });
    });
    assert.deepEqual(plain.messages, [2_500_000]);
    assert.deepEqual([ours.messages, ours.code], [plain.messages, plain.code]);
    assertReportedInTime(ours, PAUSE_MS);
  });

  it('a stream with autoDestroy: false is destroyed when both sides have ended', async () => {
    const owned = new Duplex({
      autoDestroy: false,
      read() {},
      write: (_chunk, _encoding, done) => done(),
      final: (done) => done(),
    });
    const wss = new WebSocketServer({ noServer: true, linger: { closeTimeout: 50, logger: false } });
    const ws = await upgradeStream(wss, owned);
    const info = await ws.closeAsync();
    assert.equal(info.kind, 'close-timeout');
    assert.equal(wss.stats().lingering.now, 1);
    owned.push(null);
    await settled();
    assert.ok(owned.destroyed);
    assert.deepEqual(wss.stats().lingering, { now: 0, delivered: 1, cut: 0, lost: 0 });
  });
});

describe('terminate() behaves as in plain ws', () => {
  for (const deflate of [false, true]) {
    it(`and emits few more messages of a peer that floods ${deflate ? 'with' : 'without'} permessage-deflate`, async () => {
      const { plain, ours } = await both(async (Sender) => {
        const scene = await openSender(Sender, 'server', { perMessageDeflate: deflate && { threshold: 0 } });
        const { sender, receiver } = scene;
        let late = 0;
        let terminated = false;
        sender.on('message', () => {
          if (terminated) late++;
        });
        const flood = setInterval(() => {
          if (receiver.bufferedAmount < MB) for (let i = 0; i < 200; i++) receiver.send(randomBytes(1_000));
        }, 1);
        for (let i = 0; i < 10; i++) sender.send(Buffer.alloc(MB));
        receiver.pause();
        await once(sender, 'message');
        await delay(50);
        terminated = true;
        sender.terminate();
        const destroyed = sender._socket.destroyed;
        await once(sender, 'close');
        clearInterval(flood);
        receiver.terminate();
        scene.stop();
        return { late, destroyed };
      });
      assert.equal(ours.destroyed, true);
      // Messages that are inflated already are still emitted. Their number varies.
      assert.ok(plain.late <= 70 && ours.late <= 70, `${plain.late} and ${ours.late}`);
    });
  }
});

/** Opens a connection to a peer that stops reading, and closes it so that its socket lingers. */
async function lingeringPair(
  linger: WebSocket.LingerOptions,
  role: Role = 'server',
  transport: Transport = 'tcp',
): Promise<Pair> {
  const pair = await openPair({ make: 'ours', role, transport, linger: { logger: false, ...linger } });
  await stall(pair);
  const ended = watchEnd(pair.ws);
  pair.ws.close(1000);
  const { info } = await ended;
  assert.deepEqual([info.kind, info.forced], ['close-timeout', null]);
  assert.ok(info.bytesUnsent > 0);
  return pair;
}

const QUICK = { closeTimeout: 100, closeDeadline: 20_000 } as const;

describe('a socket that lingers', () => {
  for (const role of ['server', 'client'] as const) {
    for (const transport of ['tcp', 'tls', 'pipe'] as const) {
      it(`delivers what its peer has not read yet (${role}, ${transport})`, async () => {
        const pair = await lingeringPair(QUICK, role, transport);
        let read = 0;
        pair.peer.on('data', (chunk: Buffer) => {
          read += chunk.length;
        });
        const ended = once(pair.peer, 'end');
        pair.peer.resume();
        await ended;
        assert.ok(read > STALL_BYTES, `${read} bytes`);
        pair.stop();
        await settled();
      });

      it(`is cut by abort() (${role}, ${transport})`, async () => {
        const pair = await lingeringPair(QUICK, role, transport);
        const lingered = nextLingered();
        pair.ws.abort();
        const { outcome, forced, bytesUnsent } = await lingered;
        assert.equal(outcome, 'cut');
        assert.ok(bytesUnsent > 0);
        if (transport === 'tcp') {
          assert.equal(forced, 'reset');
          await assertReset(pair.peer, await endOf(pair.peer));
        }
        pair.ws.abort(); // a second call has no effect
        pair.stop();
        await settled();
      });
    }
  }

  for (const [onTimeout, forced] of [
    [undefined, 'destroy'],
    ['destroy', 'destroy'],
    ['reset', 'reset'],
  ] as const) {
    it(`is cut at closeDeadline, with onTimeout ${onTimeout} by ${forced}`, async () => {
      const lingered = nextLingered();
      const began = performance.now();
      const pair = await lingeringPair({ closeTimeout: 100, closeDeadline: 400, ...(onTimeout && { onTimeout }) });
      const end = await lingered;
      assert.deepEqual([end.outcome, end.forced, end.error, end.role], ['cut', forced, null, 'server']);
      assert.ok(performance.now() - began >= 400);
      assert.ok(end.lingeredMs >= 200 && end.lingeredMs < 1_000, `${end.lingeredMs} ms`);
      pair.stop();
    });
  }

  it('is reported as lost when its peer resets', async () => {
    const pair = await lingeringPair(QUICK);
    const lingered = nextLingered();
    pair.reset();
    const { outcome, forced, error, bytesUnsent } = await lingered;
    assert.deepEqual([outcome, forced, error?.code], ['lost', null, 'ECONNRESET']);
    assert.ok(bytesUnsent > 0);
    pair.stop();
  });

  it('drops what its peer sends, and its WebSocket emits nothing more', async () => {
    const pair = await openPair({ make: 'ours', role: 'server', linger: { ...QUICK, logger: false } });
    const { ws, peer, frames } = pair;
    const emitted: string[] = [];
    ws.close(1000);
    await once(ws, 'close');
    for (const event of ['message', 'ping', 'pong', 'error', 'close', 'disconnect'])
      ws.on(event, () => emitted.push(event));
    for (let i = 0; i < 50; i++) {
      peer.write(frames.hello);
      await new Promise(setImmediate);
    }
    peer.end(frames.close);
    await settled();
    assert.ok(peer.readableEnded);
    assert.deepEqual(emitted, []);
    assert.equal(ws.readyState, ws.CLOSED);
    pair.stop();
  });

  it('delays the close of its server only while bytes still wait in this process', async () => {
    const server = await listen(http.createServer());
    const wss = new WebSocketServer({ server, linger: { ...QUICK, logger: false } });
    const peers: net.Socket[] = [];
    const open = async (): Promise<WebSocket> => {
      const connected = once(wss, 'connection');
      peers.push((await connectPeer(portOf(server))).pause());
      return (await connected)[0];
    };
    const flushed = await open();
    const waiting = await open();
    flushed.send(Buffer.alloc(10_000));
    await stall({ ws: waiting, peer: peers[1] as net.Socket });
    await Promise.all([flushed.closeAsync(), waiting.closeAsync()]);
    assert.equal(wss.stats().lingering.now, 2);
    let closed = false;
    const gone = once(server, 'close').then(() => {
      closed = true;
    });
    wss.close();
    server.close();
    await delay(300);
    assert.equal(closed, false);
    peers[1]?.resume(); // reads, but sends no FIN
    await gone;
    assert.equal(wss.stats().lingering.now, 2);
    for (const peer of peers) peer.end();
    await settled();
  });

  it('is counted, logged at debug and published on its diagnostics channel', async () => {
    const lines: Record<string, unknown>[] = [];
    const logger = { debug: (fields: object) => void lines.push({ ...fields }), warn() {} };
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger: { ...QUICK, logger } });
    await once(wss, 'listening');
    const connected = once(wss, 'connection');
    const peer = await connectPeer(portOf(wss));
    const [ws] = (await connected) as [WebSocket];
    await ws.closeAsync();
    assert.equal(wss.stats().lingering.now, 1);
    const lingered = nextLingered();
    peer.resume().end();
    const { remoteAddress, lingeredMs, ...rest } = await lingered;
    assert.deepEqual(rest, { role: 'server', outcome: 'delivered', forced: null, error: null, bytesUnsent: 0 });
    assert.equal(remoteAddress, '127.0.0.1');
    assert.deepEqual(
      lines.map(({ event, kind, outcome }) => [event, kind ?? outcome]),
      [
        ['disconnect', 'close-timeout'],
        ['lingered', 'delivered'],
      ],
    );
    assert.deepEqual(wss.stats().lingering, { now: 0, delivered: 1, cut: 0, lost: 0 });
    wss.close();
  });

  it('keeps neither its WebSocket nor the objects of its listeners from being collected', async () => {
    const ended = await runEdge('lingering', { args: ['collect'], flags: ['--expose-gc'] });
    assert.deepEqual(parseOutput(ended), { lingering: 20, collected: 40, heldMs: 0 });
  });

  it('does not keep the process alive once the kernel has all data', async () => {
    const { heldMs } = parseOutput<{ heldMs: number }>(await runEdge('lingering', { args: ['flushed'] }));
    assert.ok(heldMs < 2_000, `${heldMs} ms`);
  });

  it('keeps the process alive while data waits to be written, until closeDeadline', async () => {
    const { heldMs } = parseOutput<{ heldMs: number }>(await runEdge('lingering', { args: ['waiting'] }));
    assert.ok(heldMs >= 1_500 && heldMs < 4_000, `${heldMs} ms`);
  });

  it('delays settled(), after which process.exit() loses nothing', async () => {
    const { lingering, heldMs } = parseOutput<{ lingering: number; heldMs: number }>(
      await runEdge('lingering', { args: ['settled'] }),
    );
    assert.equal(lingering, 0);
    assert.ok(heldMs >= 300, `${heldMs} ms`);
  });
});

describe('limits that contradict each other', () => {
  const url = 'ws://127.0.0.1:1';
  it('are refused before anything is opened', () => {
    const linger = { closeTimeout: 2_000, closeDeadline: 1_999 };
    assert.throws(() => new WebSocketServer({ noServer: true, linger }), {
      code: 'WSL_ERR_OPTION_RANGE',
      message: /closeDeadline/,
    });
    assert.throws(() => new WebSocket(url, { linger }), { code: 'WSL_ERR_OPTION_RANGE' });
  });

  it('do not result from defaults: an option that is given moves the default of the other', () => {
    for (const linger of [{ closeTimeout: 60_000 }, { closeDeadline: 100 }, { closeTimeout: 5, closeDeadline: 5 }]) {
      new WebSocketServer({ noServer: true, linger }).close();
    }
  });
});

/** Resolves with the next message of the channel `ws-linger:lingered`. */
function nextLingered(): Promise<WebSocket.LingeredMessage> {
  return new Promise((resolve) => {
    const onLingered = (message: unknown) => {
      unsubscribe('ws-linger:lingered', onLingered);
      resolve(message as WebSocket.LingeredMessage);
    };
    subscribe('ws-linger:lingered', onLingered);
  });
}

it('no socket lingers at the end of these tests', async () => {
  await until('all lingering sockets are gone', async () => {
    await settled();
    return true;
  });
});
