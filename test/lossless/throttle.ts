/**
 * A peer's socket that takes bytes from the kernel only as fast as its profile says, so that the sender meets a real
 * receive window. Above it stand TLS and WebSocket as over any stream.
 */
import net from 'node:net';
import { Duplex } from 'node:stream';
import type { Profile } from './profile.js';

type OnRead = { buffer: Buffer; callback: (size: number, buffer: Uint8Array) => boolean };

/** Shorter waits are left to add up. */
const SHORTEST_WAIT_MS = 4;

export class Throttle extends Duplex {
  /** What the kernel told last: the peer's FIN or an error such as ECONNRESET. */
  seenEnd: 'eof' | 'rst' | null = null;
  /** Since the profile began. */
  bytes = 0;
  readonly #socket: net.Socket;
  #speed: number | null;
  readonly #pause: Profile['pause'];
  #began = false;
  #paused = false;
  #notBefore = 0;
  #timer: NodeJS.Timeout | undefined;
  #full = false;

  constructor({ speed, pause }: Profile, open: (onread: OnRead) => net.Socket) {
    super({ allowHalfOpen: true });
    this.#speed = speed;
    this.#pause = pause;
    const buffer = Buffer.alloc(speed ? Math.min(65_536, Math.max(512, Math.floor(speed / 10))) : 65_536);
    this.#socket = open({ buffer, callback: (size) => this.#onBytes(buffer.subarray(0, size)) });
    this.#socket.on('connect', () => this.emit('connect'));
    this.#socket.on('end', () => {
      this.seenEnd ??= 'eof';
      this.push(null);
    });
    this.#socket.on('error', (error) => {
      this.seenEnd ??= 'rst';
      this.destroy(error);
    });
    this.#socket.on('close', () => this.destroy());
  }

  static connect(profile: Profile, host: string, port: number): Throttle {
    return new Throttle(profile, (onread) => net.connect({ host, port, onread, allowHalfOpen: true }));
  }

  /** Takes over the connection that a server with `pauseOnConnect` has accepted: only a new socket takes `onread`. */
  static accept(profile: Profile, accepted: net.Socket): Throttle {
    const inner = accepted as unknown as { _handle: unknown };
    const handle = inner._handle;
    inner._handle = null;
    return new Throttle(profile, (onread) => {
      const socket = new net.Socket({ handle, onread, allowHalfOpen: true } as net.SocketConstructorOpts);
      socket.resume();
      return socket;
    });
  }

  /** From now on speed and pause hold; the first message is sent at this time. */
  begin(at: number): void {
    this.#began = true;
    const pause = this.#pause;
    if (pause && 'atMs' in pause) setTimeout(() => this.#wait(Date.now() + pause.ms), at + pause.atMs - Date.now());
  }

  /** From now on it reads as fast as it can. */
  release(): void {
    this.#speed = null;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#full) this.#socket.resume();
  }

  #onBytes(bytes: Buffer): boolean {
    this.#full = !this.push(Buffer.from(bytes));
    if (this.#began) this.#count(bytes.length);
    return !this.#full && !this.#timer;
  }

  #count(size: number): void {
    if (this.bytes === 0) this.emit('first-byte');
    this.bytes += size;
    const now = Date.now();
    const pause = this.#pause;
    if (this.#speed) this.#notBefore = Math.max(this.#notBefore, now) + (size / this.#speed) * 1_000;
    if (pause && 'atByte' in pause && !this.#paused && this.bytes > pause.atByte) {
      this.#paused = true;
      this.#notBefore = Math.max(this.#notBefore, now + pause.ms);
    }
    if (this.#notBefore - now > SHORTEST_WAIT_MS) this.#wait(this.#notBefore);
  }

  #wait(until: number): void {
    this.#notBefore = Math.max(this.#notBefore, until);
    if (this.destroyed) return;
    this.#socket.pause();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!this.#full) this.#socket.resume();
    }, this.#notBefore - Date.now());
  }

  override _read(): void {
    this.#full = false;
    if (!this.#timer) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#socket.destroy();
    done(error);
  }
}
