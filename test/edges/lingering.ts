/**
 * node [--expose-gc] lingering.js WHAT: a process whose connections linger. Prints one line of JSON.
 *
 * WHAT is `collect`: are WebSockets and the objects of their listeners collected while their sockets linger? `flushed`:
 * how long do sockets keep the process alive after the kernel has all data? `waiting`: how long while data waits in the
 * process? `settled`: how long does settled() wait? `unref-stream`: how long on a stream that keeps no process alive? `close-later`:
 * is the callback of a server called that is closed while sockets linger? `throw`: does the socket go on where a listener throws?
 */
import { once } from 'node:events';
import type net from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import WebSocket, { settled, WebSocketServer } from 'ws-linger';
import { portOf, until } from '../support/end.js';
import { stall } from '../support/pairs.js';
import { CLIENT_FRAMES, connectPeer } from '../support/peer.js';

const [, , what] = process.argv;
const collect = (globalThis as { gc?: () => void }).gc;

/** Opens a connection between a server in this process and a peer that does not read. */
async function open(
  linger: WebSocket.LingerOptions,
): Promise<{ wss: WebSocketServer; ws: WebSocket; peer: net.Socket }> {
  const wss = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    perMessageDeflate: false,
    linger: { logger: false, ...linger },
  });
  await once(wss, 'listening');
  const connected = once(wss, 'connection');
  const peer = await connectPeer(portOf(wss));
  peer.pause();
  return { wss, ws: (await connected)[0] as WebSocket, peer };
}

function print(lingering: number, collected: number, heldMs: number): void {
  process.stdout.write(`${JSON.stringify({ lingering, collected, heldMs: Math.round(heldMs) })}\n`);
}

/**
 * Opens connections and closes them; half of them have more to send than the kernel takes. Returns only weak
 * references.
 */
async function openAndForget(wss: WebSocketServer, count: number): Promise<WeakRef<object>[]> {
  const refs: WeakRef<object>[] = [];
  wss.on('connection', (ws) => {
    const data = { of: 'the application' };
    refs.push(new WeakRef(ws), new WeakRef(data));
    ws.on('message', () => data.of);
    ws.on('close', () => data.of);
    if (refs.length % 4 === 0) for (let i = 0; i < 8; i++) ws.send(Buffer.alloc(1 << 20));
    ws.close(1000);
  });
  for (let i = 0; i < count; i++) (await connectPeer(portOf(wss))).pause();
  await until('all sockets linger', () => wss.stats().lingering.now === count);
  return refs;
}

/** A stream whose timers do not keep the process alive takes its time for a chunk. */
async function unrefStream(): Promise<void> {
  const began = performance.now();
  let taken = 0;
  const stream = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      taken += chunk.length;
      setTimeout(done, chunk.length > 1_000 ? 600 : 0).unref();
    },
  });
  const linger = { closeTimeout: 100, closeDeadline: 5_000, logger: false };
  const ws = new (WebSocket as unknown as new (...args: unknown[]) => unknown)(null, undefined, { linger }) as {
    setSocket(...args: unknown[]): void;
  } & WebSocket;
  ws.setSocket(stream, Buffer.alloc(0), {});
  ws.send(Buffer.alloc(10_000));
  ws.send(Buffer.alloc(900));
  ws.close(1000);
  setTimeout(() => stream.push(null), 1_500).unref();
  process.once('exit', () => print(taken > 10_900 ? 0 : 1, 0, performance.now() - began));
}

/** A listener throws in the very call by which ws lets go of the socket, since the peer's close frame has come first. */
async function throwInClose(): Promise<void> {
  const { wss, ws, peer } = await open({ closeTimeout: 100, closeDeadline: 20_000 });
  let thrown = 0;
  process.on('uncaughtException', () => thrown++);
  for (let i = 0; i < 12; i++) ws.send(Buffer.alloc(1 << 20));
  ws.on('close', () => {
    throw new Error('from a listener');
  });
  peer.write(CLIENT_FRAMES.close);
  await until('the listener has thrown', () => thrown > 0);
  const began = performance.now();
  peer.on('end', () => peer.end()).resume();
  await settled();
  print(wss.stats().lingering.delivered, thrown, performance.now() - began);
  process.exit();
}

/** server.close() is called when the socket lingers and has been flushed. */
async function closeLater(): Promise<void> {
  const { wss, ws, peer } = await open({ closeTimeout: 100, closeDeadline: 20_000 });
  await ws.closeAsync();
  peer.unref();
  const began = performance.now();
  setTimeout(() => wss.close(() => print(0, 0, performance.now() - began)), 130);
}

async function main(): Promise<void> {
  if (what === 'collect') {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger: { closeTimeout: 100, logger: false } });
    await once(wss, 'listening');
    const refs = await openAndForget(wss, 20);
    const gone = () => refs.filter((ref) => ref.deref() === undefined).length;
    await until('all references are collected', async () => {
      await turn();
      collect?.();
      return gone() === refs.length;
    }).catch(() => {});
    print(wss.stats().lingering.now, gone(), 0);
    process.exit();
  }
  if (what === 'throw') {
    await throwInClose();
    return;
  }
  if (what === 'unref-stream') {
    await unrefStream();
    return;
  }
  if (what === 'close-later') {
    await closeLater();
    return;
  }
  const { wss, ws, peer } = await open({ closeTimeout: 100, closeDeadline: what === 'waiting' ? 2_000 : 20_000 });
  if (what !== 'flushed') await stall({ ws, peer });
  await ws.closeAsync();
  const began = performance.now();
  wss.close();
  if (what === 'settled') {
    setTimeout(() => peer.resume().on('end', () => peer.end()), 300);
    await settled();
    print(wss.stats().lingering.now, 0, performance.now() - began);
    process.exit();
  }
  peer.unref();
  process.once('exit', () => print(wss.stats().lingering.now, 0, performance.now() - began));
}

main();
