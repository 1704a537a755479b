/** Hostile peers: many bare sockets of one process, and what they have done until their time is over. */
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connectPeer } from '../support/peer.js';

/** Connections to one address have some 28,000 ports, so there are several. */
const ADDRESSES = Array.from({ length: 8 }, (_, i) => `127.0.0.${i + 1}`);
/** Sockets that connect at once. */
const LANES = 200;
const MOST_PER_SECOND = 10_000;

export class Crowd {
  done = 0;
  readonly #port: number;
  readonly #ms: number;
  /** A slower platform gets fewer peers. */
  readonly #scale: number;
  /** The descriptors that a process may have for its peers. */
  readonly #most: number;
  readonly #sockets = new Set<net.Socket>();
  #next = 0;

  constructor(port: number, seconds: number, scale: number, most: number) {
    this.#port = port;
    this.#ms = seconds * 1_000;
    this.#scale = scale;
    this.#most = most;
  }

  /** Connects, and sends nothing. */
  async connect(): Promise<net.Socket> {
    const socket = this.#keep(net.connect({ port: this.#port, host: this.#host(), allowHalfOpen: true }));
    socket.on('error', () => {});
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {});
    return socket;
  }

  /** Connects, and completes the opening handshake. */
  async open(): Promise<net.Socket> {
    return this.#keep(await connectPeer(this.#port, this.#host()));
  }

  /** Makes that many peers, or as many as there are descriptors for. Each counts as one thing done. */
  async gather(count: number, make: () => Promise<unknown>): Promise<void> {
    let left = Math.min(Math.ceil(count * this.#scale), this.#most);
    const lane = async () => {
      while (left-- > 0) {
        await make();
        this.done++;
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  }

  /** Does something again and again, `lanes` times at once, until the time is over. Each time counts as one thing done. */
  async repeat(act: () => Promise<unknown>, { lanes = LANES, perSecond = MOST_PER_SECOND } = {}): Promise<void> {
    const began = performance.now();
    let begun = 0;
    const lane = async () => {
      for (let ms = 0; ms < this.#ms; ms = performance.now() - began) {
        if (begun >= (ms / 1_000) * perSecond * this.#scale) await delay(5);
        else {
          begun++;
          // A connection that the server refuses or gives up is one of the answers to an attack.
          await act().catch(() => {});
          this.done++;
        }
      }
    };
    await Promise.race([Promise.all(Array.from({ length: lanes }, lane)), delay(this.#ms)]);
  }

  /** Writes the same bytes until the time is over or the connection is gone, as fast as they are taken. Returns how often. */
  async flood(socket: net.Socket, bytes: Buffer): Promise<number> {
    const began = performance.now();
    let times = 0;
    for (; performance.now() - began < this.#ms && !socket.destroyed; times++) {
      await Promise.race([write(socket, bytes), delay(this.#ms)]);
    }
    return times;
  }

  /** Holds on until the time is over. */
  rest(): Promise<void> {
    return delay(this.#ms);
  }

  /** Resets all that is left. */
  leave(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #host(): string {
    return ADDRESSES[this.#next++ % ADDRESSES.length] as string;
  }

  #keep(socket: net.Socket): net.Socket {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }
}

/** Resets a connection, and resolves when it is gone. */
export async function reset(socket: net.Socket): Promise<void> {
  if (socket.closed) return;
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.resetAndDestroy();
  await closed;
}

export function write(socket: net.Socket, bytes: Buffer | string): Promise<unknown> {
  return new Promise((resolve) => socket.write(bytes, resolve));
}

/** Reads and drops so many bytes, or until the connection is gone. */
export async function read(socket: net.Socket, bytes: number): Promise<void> {
  if (socket.closed) return;
  await new Promise<void>((resolve) => {
    let left = bytes;
    const onData = (chunk: Buffer) => {
      left -= chunk.length;
      if (left <= 0) onEnd();
    };
    const onEnd = () => {
      socket.off('data', onData).off('close', onEnd).off('end', onEnd);
      resolve();
    };
    socket.on('data', onData).once('close', onEnd).once('end', onEnd);
  });
}

/** Reads and drops until the server has closed the connection. */
export async function readToEnd(socket: net.Socket): Promise<void> {
  if (socket.closed) return;
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.resume().once('end', () => socket.end());
  await closed;
}
