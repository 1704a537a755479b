/**
 * Lines for stderr that never wait for whoever reads it: a line that cannot be written now waits its turn, and of more than wait
 * in a queue of bounded size none is kept. `pino.destination()` would block the event loop on a full pipe, and a thread of
 * libuv's pool with `sync: false`, without which the process cannot exit.
 */
import * as fs from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { isMainThread } from 'node:worker_threads';
import { sharedValue } from '../copies';
import { setTimeout } from '../real-timers';

/** Takes bytes without waiting, and returns how many it took. Throws where it will not take them later either. */
type TryWrite = (bytes: Buffer) => number;

/** Lines that wait take up to this many bytes. */
const MAX_QUEUED = 64 * 1024;
/** How often it is tried to write lines that wait, in ms. */
const RETRY_MS = 250;
/** On Windows, how long a process that exits leaves the system, which may be busy, to write to a pipe what it was given last, in ms. */
const LAST_WRITE_MS = 200;

export class LineQueue {
  readonly #tryWrite: TryWrite;
  /** Called after lines were lost, once others can be written again. */
  readonly #onLost: (lines: number) => void;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #lost = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(tryWrite: TryWrite, onLost: (lines: number) => void) {
    this.#tryWrite = tryWrite;
    this.#onLost = onLost;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.length > MAX_QUEUED) {
      this.#lost++;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (!this.#timer) this.#flush();
  }

  readonly #flush = (): void => {
    this.#timer = undefined;
    let isWritable = false;
    for (let line = this.#waiting[0]; line; line = this.#waiting[0]) {
      let taken = line.length;
      try {
        taken = this.#tryWrite(line);
        isWritable = true;
      } catch {
        this.#lost++;
        isWritable = false;
      }
      this.#waitingBytes -= taken;
      if (taken < line.length) {
        this.#waiting[0] = line.subarray(taken);
        this.#retry();
        return;
      }
      this.#waiting.shift();
    }
    process.removeListener('exit', this.#flush);
    const lost = this.#lost;
    if (!isWritable || lost === 0) return;
    this.#lost = 0;
    this.#onLost(lost);
  };

  #retry(): void {
    this.#timer = setTimeout(this.#flush, RETRY_MS).unref();
    if (!process.listeners('exit').includes(this.#flush)) process.on('exit', this.#flush);
  }
}

/** Opens stderr in the way of its kind that does not wait. That of a Worker is a stream. */
export function openStderr(): TryWrite {
  const kind = isMainThread ? kindOf(2) : 'other';
  if (kind === 'file') return (bytes) => fs.writeSync(2, bytes);
  if (process.platform === 'win32' && kind === 'pipe') return toStream(openPipe());
  if (kind === 'socket') return toSocket(process.stderr);
  const fd = kind === 'pipe' || kind === 'terminal' ? reopen() : null;
  return fd === null ? toStream(process.stderr) : toDescriptor(fd);
}

/** By the type in `mode` (S_IFMT): Node's isFIFO() says no to every pipe of Windows. */
function kindOf(fd: number): 'file' | 'terminal' | 'pipe' | 'socket' | 'other' {
  if (isatty(fd)) return 'terminal';
  let type = 0;
  try {
    // As bigint, since Node's realpathSync() takes the last other result for its own: after a pipe it resolves no link any more.
    type = Number(fs.fstatSync(fd, { bigint: true }).mode) & 0o170000;
  } catch {
    return 'other'; // what Wine says of a pipe of its host
  }
  if (type === 0o010000) return 'pipe';
  return type === 0o140000 ? 'socket' : 'file';
}

/**
 * On Linux a pipe or a terminal can be opened again, without waiting: whoever else has it notices nothing of that. Once for all
 * copies of this package.
 */
function reopen(): number | null {
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = fs.constants;
  try {
    return sharedValue('stderr', () => ({ fd: fs.openSync('/proc/self/fd/2', O_WRONLY | O_NONBLOCK | O_NOCTTY) })).fd;
  } catch {
    return null; // another system, or a pipe of another user
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function toDescriptor(fd: number): TryWrite {
  return (bytes) => {
    try {
      return fs.writeSync(fd, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
      throw error;
    }
  };
}

/**
 * Writes to a socket, which Node gives its child processes as stderr, by its descriptor: a write that a stream has under way would keep
 * the process from ending by itself. Node's stream makes the socket non-blocking for all who have it. Where it is not, and where
 * there is no /proc to tell, lines go through the stream.
 */
function toSocket(stream: Writable): TryWrite {
  const [byStream, byDescriptor] = [toStream(stream), toDescriptor(2)];
  return (bytes) => {
    if (!stream.writable || !isNonBlocking(2)) return byStream(bytes);
    return stream.writableLength > 0 ? 0 : byDescriptor(bytes);
  };
}

/** Asked before each write: another process that has the same socket may make it wait again. */
function isNonBlocking(fd: number): boolean {
  try {
    const [, flags = '0'] = /^flags:\s*(\d+)$/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')) ?? [];
    return (Number.parseInt(flags, 8) & fs.constants.O_NONBLOCK) !== 0;
  } catch {
    return false;
  }
}

/**
 * Opens a pipe on Windows so that a write does not wait, as it does in Node's stream (`makeSyncWrite()` in its net.js). A thread of the
 * system's pool writes (`uv_pipe_writefile_thread_proc()` in libuv), and process.exit() ends it. It would wait for the threads of
 * fs.write() and of a Worker. A write that is under way cannot be cancelled, and keeps the process from ending by itself until the
 * pipe is read or closed.
 */
function openPipe(): Socket {
  const socket = new Socket({ fd: 2, readable: false, writable: true });
  const internals = socket as { _write?: unknown; _writev?: unknown; _handle?: { setBlocking?(on: boolean): void } };
  delete internals._write;
  delete internals._writev;
  internals._handle?.setBlocking?.(false);
  process.on('exit', () => {
    if (socket.writableLength > 0) sleep(LAST_WRITE_MS);
  });
  return socket.unref();
}

/** Node's own stream for stderr, and any other, takes all it is given into its memory: what it has there is to stay little. */
function toStream(stream: Writable): TryWrite {
  let writes = 0;
  return (bytes) => {
    if (!stream.writable) throw new Error('stderr is closed');
    if (stream.writableLength > 0) return 0;
    // An error of stderr that nobody hears ends the process. It is emitted after the callback.
    if (writes++ === 0) stream.on('error', ignore);
    stream.write(bytes, (error) => {
      if (!error && --writes === 0) stream.removeListener('error', ignore);
    });
    return bytes.length;
  };
}

function ignore(): void {}
