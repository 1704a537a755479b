// Every message that plain ws delivers is delivered by this package, too.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import WebSocket, { WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { portOf } from '../support/end.js';
import { connectPeer, textFrame } from '../support/peer.js';
import { type Class, type Inner, openSender, type SenderPair, sideBySide } from '../support/side-by-side.js';

const QUICK = { closeTimeout: 200, logger: false } as const;
/**
 * On Linux, less than the slow reader of these tests takes. On Windows more, because there a sender sees no progress
 * while the system passes on the megabytes that it has accepted.
 */
const closeTimeout = process.platform === 'win32' ? 2_000 : 300;
const SIDES = ['server', 'client'] as const;
type Side = (typeof SIDES)[number];

interface WatchedPair extends SenderPair {
  /** The length of each message that the receiver got, in order. */
  received: number[];
  ended: Promise<unknown>;
}

/** Opens a connection whose sender has the given role, and records what the receiver gets. */
async function openWatched(Sender: Class, side: Side, Receiver?: Class): Promise<WatchedPair> {
  const options: object = { linger: { ...QUICK, closeTimeout } };
  const pair = await openSender(Sender, side, options, Receiver);
  const { sender, receiver } = pair;
  const received: number[] = [];
  receiver.on('message', (data: Buffer) => received.push(data.length));
  const ended = Promise.all([sender, receiver].map((end) => new Promise((done) => end.once('close', done))));
  return { ...pair, received, ended };
}

/** Pauses for 15 ms after each message, like an application that is slower than the network. */
function readSlowly(ws: Upstream): void {
  ws.on('message', () => {
    ws.pause();
    setTimeout(() => ws.resume(), 15);
  });
}

/** Returns how many bytes the system has accepted from a socket. */
function accepted({ _socket: socket }: Inner): number {
  const handle = (socket as unknown as { _handle: { bytesWritten: number; writeQueueSize: number } })._handle;
  return handle.bytesWritten - handle.writeQueueSize;
}

const MB = 1 << 20;

for (const side of SIDES) {
  const other = side === 'server' ? 'client' : 'server';

  describe(`a ${other} emits what it receives of plain ws, as plain ws does:`, () => {
    for (const end of ['close', 'terminate'] as const) {
      it(`10 MB that are read slowly, after which the peer calls ${end}()`, async () => {
        const seen = await sideBySide(async (WebSocket) => {
          const { sender, receiver, received, ended, stop } = await openWatched(Upstream, side, WebSocket);
          readSlowly(receiver);
          for (let i = 0; i < 39; i++) sender.send(Buffer.alloc(MB / 4));
          await new Promise((sent) => sender.send(Buffer.alloc(MB / 4), sent));
          sender[end]();
          await ended;
          stop();
          return received;
        });
        assert.deepEqual(seen, Array(40).fill(MB / 4));
      });
    }

    it('10 MB that are read slowly, after its own close()', async () => {
      const seen = await sideBySide(async (WebSocket) => {
        const { sender, receiver, received, ended, stop } = await openWatched(Upstream, side, WebSocket);
        readSlowly(receiver);
        for (let i = 0; i < 40; i++) sender.send(Buffer.alloc(MB / 4));
        receiver.close();
        await ended;
        stop();
        return received;
      });
      assert.deepEqual(seen, Array(40).fill(MB / 4));
    });
  });

  describe(`the messages of a ${side} arrive, as with plain ws:`, () => {
    for (const end of ['close', 'terminate'] as const) {
      it(`100 messages before ${end}()`, async () => {
        const seen = await sideBySide(async (WebSocket) => {
          const { sender, received, ended, stop } = await openWatched(WebSocket, side);
          for (let i = 1; i <= 100; i++) sender.send('x'.repeat(i));
          sender[end]();
          await ended;
          stop();
          return received;
        });
        assert.deepEqual(
          seen,
          Array.from({ length: 100 }, (_, i) => i + 1),
        );
      });
    }

    for (const reader of ['fast', 'slow']) {
      it(`10 MB before close(), with a ${reader} reader`, async () => {
        const seen = await sideBySide(async (WebSocket) => {
          const { sender, receiver, received, ended, stop } = await openWatched(WebSocket, side);
          if (reader === 'slow') readSlowly(receiver);
          for (let i = 0; i < 40; i++) sender.send(Buffer.alloc(MB / 4));
          sender.close(4000);
          await ended;
          stop();
          return received;
        });
        assert.deepEqual(seen, Array(40).fill(MB / 4));
      });

      it(`the part of 10 MB that the system has accepted before terminate(), with a ${reader} reader`, async () => {
        for (const Class of [Upstream, WebSocket as unknown as Class]) {
          const { sender, receiver, received, ended, stop } = await openWatched(Class, side);
          if (reader === 'slow') readSlowly(receiver);
          const before = accepted(sender);
          for (let i = 0; i < 40; i++) sender.send(Buffer.alloc(MB / 4));
          const taken = accepted(sender) - before;
          sender.terminate();
          await ended;
          stop();
          // A frame of this size has 10 bytes of header, or 14 with a mask (RFC 6455 §5.2).
          const frame = MB / 4 + (side === 'server' ? 10 : 14);
          assert.ok(taken >= frame, `${taken} bytes taken`);
          assert.ok(received.length >= Math.floor(taken / frame), `${received.length} messages of ${taken} bytes`);
        }
      });
    }

    it('10 MB while the other side also sends 10 MB and closes', async () => {
      const seen = await sideBySide(async (WebSocket) => {
        const { sender, receiver, received, ended, stop } = await openWatched(WebSocket, side);
        let answered = 0;
        sender.on('message', (data: Buffer) => {
          answered += data.length;
        });
        for (let i = 0; i < 10; i++) {
          sender.send(Buffer.alloc(MB));
          receiver.send(Buffer.alloc(MB));
        }
        sender.close();
        receiver.close();
        await ended;
        stop();
        return [received.length, answered];
      });
      assert.deepEqual(seen, [10, 10 * MB]);
    });
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

  it('of other connections arrive while one connection is reset', async () => {
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
