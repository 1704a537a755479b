// Cases that failed in the past. Where plain ws is the reference, the same test runs with plain ws, too.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type net from 'node:net';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import WebSocket, { attach, WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { ROOT, runNode } from '../support/child.js';
import { portOf } from '../support/end.js';
import { openPair, socketOf, stall } from '../support/pairs.js';
import { connectPeer } from '../support/peer.js';
import { upgradeStream } from '../support/tunnel.js';

const QUICK = { closeTimeout: 200, logger: false } as const;

type Server = Upstream.Server;
const makers: [string, (options: Upstream.ServerOptions) => Server][] = [
  ['plain ws', (options) => new Upstream.WebSocketServer(options)],
  [
    'ws-linger',
    (options) => new WebSocketServer({ ...options, linger: { ...QUICK, closeTimeout: 600 } }) as unknown as Server,
  ],
];

async function listening(wss: Server): Promise<number> {
  await once(wss, 'listening');
  return portOf(wss);
}

for (const [name, make] of makers) {
  describe(name, () => {
    it('delivers to a steady, slow reader what the kernel holds when close() is called', async () => {
      const wss = make({ port: 0 });
      const port = await listening(wss);
      const connected = once(wss, 'connection');
      const peer = await connectPeer(port);
      const [ws] = (await connected) as [WebSocket];
      peer.pause();
      const total = 1024 * 1024;
      ws.send(Buffer.alloc(total));
      ws.close(1001);
      // 16 KB every 20 ms: the whole takes longer than closeTimeout, but progress never stops for long.
      let read = 0;
      let ended = false;
      peer.on('end', () => {
        ended = true;
      });
      while (read < total && !ended && !peer.destroyed) {
        const chunk = peer.read(16 * 1024) ?? peer.read();
        read += chunk?.length ?? 0;
        await delay(20);
      }
      assert.ok(read >= total, `${read} of ${total}`);
      peer.destroy();
      wss.close();
    });

    it('delivers messages that wait for deflate when close() is called', async () => {
      const wss = make({ port: 0, perMessageDeflate: { threshold: 0 } });
      const port = await listening(wss);
      let got = 0;
      const clients = Array.from({ length: 60 }, () => new Upstream(`ws://127.0.0.1:${port}`));
      await Promise.all(clients.map((client) => once(client, 'open')));
      for (const client of clients) client.on('message', () => got++);
      const noise = Buffer.from(Array.from({ length: 1 << 20 }, (_, i) => (i * 7919) % 251));
      for (const ws of wss.clients) {
        ws.send(noise);
        ws.close(1001);
      }
      await Promise.all(clients.map((client) => once(client, 'close')));
      assert.equal(got, clients.length);
      wss.close();
    });

    it('ends as clean when the event loop was too busy to read the answer to close() in time', async () => {
      const wss = make({ port: 0 });
      const port = await listening(wss);
      const connected = once(wss, 'connection');
      const client = new Upstream(`ws://127.0.0.1:${port}`);
      await once(client, 'open');
      const [ws] = (await connected) as [WebSocket];
      const closed = once(ws, 'close');
      ws.close(1000);
      await new Promise(setImmediate);
      const until = performance.now() + 1_000;
      while (performance.now() < until);
      assert.equal((await closed)[0], 1000);
      wss.close();
    });

    it('delivers over TLS the message sent before terminate(), to a peer that reads', async () => {
      const pair = await openPair({
        make: name === 'plain ws' ? 'plain' : 'ours',
        role: 'server',
        transport: 'tls',
        linger: QUICK,
      });
      const size = 64 * 1024;
      pair.ws.send(Buffer.alloc(size));
      pair.ws.send(Buffer.alloc(size));
      pair.ws.terminate();
      let read = 0;
      for await (const chunk of pair.peer) read += (chunk as Buffer).length;
      assert.ok(read >= size, `${read} bytes`);
      pair.stop();
    });

    it('emits all that it has received of a peer that has left, however long inflating takes', async () => {
      const wss = make({ port: 0, perMessageDeflate: true });
      const port = await listening(wss);
      const payload = Buffer.alloc(64 << 20);
      const closed: Promise<unknown>[] = [];
      let got = 0;
      wss.on('connection', (ws) => {
        ws.on('message', () => got++);
        closed.push(once(ws, 'close'));
      });
      const clients = Array.from(
        { length: 12 },
        () => new Upstream(`ws://127.0.0.1:${port}`, { perMessageDeflate: { threshold: 0 } }),
      );
      await Promise.all(clients.map((client) => once(client, 'open')));
      await Promise.all(clients.map((client) => new Promise((sent) => client.send(payload, sent))));
      for (const client of clients) (client as unknown as { _socket: net.Socket })._socket.end();
      await Promise.all(closed);
      assert.equal(got, clients.length);
      for (const client of clients) client.terminate();
      wss.close();
    });

    it('drains a stream that is no socket and counts no bytes', async () => {
      const wss = make({ noServer: true });
      let left = 0;
      const tunnel = new Duplex({
        read() {},
        write(chunk: Buffer, _encoding, done) {
          left += chunk.length;
          setTimeout(done, 20); // slow but steady
        },
      });
      const ws = await upgradeStream(wss, tunnel);
      for (let i = 0; i < 40; i++) ws.send(Buffer.alloc(10_000));
      ws.close(1001);
      const deadline = performance.now() + 5_000;
      while (left < 400_000 && performance.now() < deadline) await delay(10);
      assert.ok(left >= 400_000, `${left} bytes`);
      ws.terminate();
    });
  });
}

describe('attach()', () => {
  it("may be called twice for a server, and for a server whose WebSocket class is already this package's", async () => {
    for (const given of [Upstream, WebSocket as unknown as typeof Upstream]) {
      const wss = attach(new Upstream.WebSocketServer({ port: 0, WebSocket: given }), QUICK);
      attach(wss, QUICK);
      const connected = once(wss, 'connection');
      const peer = await connectPeer(await listening(wss));
      const [ws] = (await connected) as [WebSocket];
      ws.abort();
      await once(ws, 'close');
      assert.equal(ws.closeInfo?.kind, 'local-abort');
      peer.destroy();
      wss.close();
    }
  });

  it("takes ws's closeTimeout as the deadline", async () => {
    const options = { port: 0, closeTimeout: 100 } as Upstream.ServerOptions;
    const wss = attach(new Upstream.WebSocketServer(options), { closeTimeout: 60_000, logger: false });
    const connected = once(wss, 'connection');
    const peer = await connectPeer(await listening(wss));
    const [ws] = (await connected) as [WebSocket];
    peer.pause();
    assert.equal((await ws.closeAsync()).kind, 'close-timeout');
    peer.destroy();
    wss.close();
  });

  it('leaves the constructor of an attached WebSocket usable', async () => {
    const wss = new WebSocketServer({ port: 0, linger: QUICK }) as unknown as Server;
    const port = await listening(wss);
    const ws = attach(new Upstream(`ws://127.0.0.1:${port}`), QUICK);
    await once(ws, 'open');
    const again = new (ws.constructor as typeof WebSocket)(`ws://127.0.0.1:${port}`);
    await once(again, 'open');
    assert.equal((await again.closeAsync()).kind, 'clean');
    assert.equal((await ws.closeAsync()).kind, 'clean');
    wss.close();
  });
});

describe('abort()', () => {
  it('does not trigger the watchdog when the event loop is busy for longer than the watchdog waits', async () => {
    const events: unknown[] = [];
    const keep = (fields: object) => void events.push((fields as { event: string }).event);
    const pair = await openPair({ make: 'ours', role: 'server', linger: { logger: { debug: keep, warn: keep } } });
    const closed = once(pair.ws, 'close');
    pair.ws.abort();
    // Windows reports a cancelled read only after the timers that are due by then.
    const until = performance.now() + 1_500;
    while (performance.now() < until);
    await closed;
    assert.deepEqual(events, ['disconnect']);
    pair.stop();
  });
});

describe('closeAsync()', () => {
  it("resolves though a 'close' listener throws", async () => {
    const script = `
      const WebSocket = require(${JSON.stringify(ROOT)});
      process.on('uncaughtException', (error) => console.log('uncaught', error.message));
      const wss = new WebSocket.WebSocketServer({ port: 0 }, async () => {
        const ws = new WebSocket('ws://127.0.0.1:' + wss.address().port);
        ws.once('close', () => { throw new Error('a listener broke'); });
        await new Promise((resolve) => ws.once('open', resolve));
        console.log((await ws.closeAsync()).kind);
        wss.close();
      });`;
    const { code, stdout, stderr } = await runNode(['-e', script]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(stdout.trim().split(/\r?\n/).sort(), ['clean', 'uncaught a listener broke']);
  });

  for (const [name, limits, code] of [
    ['a misspelt limit', { timout: 5 }, 'WSL_ERR_UNKNOWN_OPTION'],
    ['a number in place of limits', 5, 'WSL_ERR_OPTION_TYPE'],
    ['a limit of 0', { timeout: 0 }, 'WSL_ERR_OPTION_RANGE'],
  ] as const) {
    it(`refuses ${name}, and closes nothing`, async () => {
      const { ws, stop } = await openPair({ make: 'ours', role: 'server', linger: { logger: false } });
      assert.throws(() => ws.closeAsync(1000, '', limits as never), { code });
      assert.equal(ws.readyState, ws.OPEN);
      stop();
    });
  }

  it("keeps the first call's code, but applies a later call's shorter timeout", async () => {
    const { ws, peer, stop } = await openPair({
      make: 'ours',
      role: 'server',
      linger: { closeTimeout: 60_000, logger: false },
    });
    peer.pause();
    const first = ws.closeAsync(4001);
    const second = ws.closeAsync(4002, '', { timeout: 50 });
    const info = await first;
    assert.equal(info, await second);
    assert.equal(info.kind, 'close-timeout');
    assert.ok(info.elapsedMs < 10_000);
    assert.throws(() => ws.closeAsync(1000, '', { timeout: 0 }), { code: 'WSL_ERR_OPTION_RANGE' });
    stop();
  });
});

it('a logger that throws does not keep a connection from ending', async () => {
  const broken = () => {
    throw new Error('the disk is full');
  };
  const logger = { debug: broken, warn: broken };
  const { ws, peer, clients, stop } = await openPair({ make: 'ours', role: 'server', linger: { logger } });
  ws.on('error', () => {});
  peer.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
  peer.once('data', () => peer.end());
  await new Promise((resolve) => ws.once('close', resolve));
  assert.equal(ws.closeInfo?.kind, 'protocol-error');
  await new Promise(setImmediate);
  assert.equal(clients?.size, 0);
  stop();
});

for (const make of ['ours', 'attached'] as const) {
  it(`a message that cannot be sent does not disable the limits of the close (${make})`, async () => {
    const { ws, peer, stop } = await openPair({ make, role: 'server', linger: QUICK });
    const failed = new Promise<Error>((resolve) => ws.once('error', resolve));
    peer.pause();
    const blob = new Blob(['x']);
    blob.arrayBuffer = () => Promise.reject(new Error('gone'));
    ws.send(blob);
    assert.equal((await failed).message, 'gone');
    await once(ws, 'close');
    assert.ok((ws.closeInfo as WebSocket.CloseInfo).elapsedMs < 5_000);
    stop();
  });
}

it('a short timeout for one close costs a reading peer no bytes', async () => {
  const { ws, peer, stop } = await openPair({
    make: 'ours',
    role: 'server',
    linger: { closeTimeout: 2_000, logger: false },
  });
  const size = 1 << 20;
  peer.pause();
  ws.send(Buffer.alloc(size));
  await new Promise(setImmediate);
  assert.equal(ws.bufferedAmount, 0);
  const info = await ws.closeAsync(1000, '', { timeout: 50 });
  assert.equal(info.forced, 'destroy');
  const before = peer.bytesRead;
  let read = 0;
  for await (const chunk of peer) read += (chunk as Buffer).length;
  assert.ok(read >= size, `${read} of ${size}, ${before} before`);
  stop();
});

describe('closeInfo', () => {
  it('accounts for every byte of a stalled connection', async () => {
    const pair = await openPair({ make: 'ours', role: 'server', linger: QUICK });
    const { ws, stop } = pair;
    await stall(pair);
    const queued = socketOf(ws).bytesWritten;
    ws.abort();
    await once(ws, 'close');
    const info = ws.closeInfo as WebSocket.CloseInfo;
    assert.equal((info.bytesSent as number) + info.bytesUnsent, queued);
    assert.ok(info.bytesUnsent > 0);
    stop();
  });

  it('accounts for every byte of a connection that ends clean', async () => {
    const { ws, peer, frames, stop } = await openPair({ make: 'ours', role: 'server', linger: QUICK });
    ws.send('hello');
    const read = once(peer, 'end');
    peer.end(Buffer.concat([frames.hello, frames.close]));
    await Promise.all([once(ws, 'close'), read]);
    const info = ws.closeInfo as WebSocket.CloseInfo;
    assert.deepEqual([info.bytesReceived, info.bytesSent, info.bytesUnsent], [peer.bytesWritten, peer.bytesRead, 0]);
    stop();
  });

  it('accounts for what a reset peer never took', async () => {
    const pair = await openPair({ make: 'ours', role: 'server', linger: QUICK });
    const { ws, reset, stop } = pair;
    await stall(pair);
    const queued = socketOf(ws).bytesWritten;
    reset();
    await once(ws, 'close');
    const info = ws.closeInfo as WebSocket.CloseInfo;
    assert.equal(info.kind, 'reset');
    assert.ok(info.bytesUnsent > 0, JSON.stringify(info));
    assert.equal((info.bytesSent as number) + info.bytesUnsent, queued, JSON.stringify(info));
    stop();
  });
});
