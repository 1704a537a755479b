/** The server under test, seen from the run: one of our own in a child process, or a foreign one behind a url. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { End } from './expected';
import type { StabilityResult } from './result';
import type { FromServer, ToServer } from './server';

export type ServerEnd = End & { received: number };

export interface ServerUnderTest {
  readonly url: string;
  readonly control: StabilityResult['control'];
  /** Null for a foreign server, which tells nothing and can be told nothing. */
  readonly own: OwnServer | null;
}

export class OwnServer {
  /** Rejects when the server's process dies by itself. */
  readonly died: Promise<never>;
  readonly #child: ChildProcess;
  readonly #ends = new Map<number, ServerEnd>();
  readonly #waiting = new Map<number, (end: ServerEnd) => void>();
  #onStatus: (status: FromServer & { type: 'status' }) => void = () => {};
  #stopped = false;

  constructor(child: ChildProcess, onUncaught: (message: string) => void) {
    this.#child = child;
    this.died = new Promise((_, reject) => {
      child.once('exit', (code, signal) => {
        if (!this.#stopped) reject(new Error(`the server's process died: ${signal ?? `exit code ${code}`}`));
      });
    });
    this.died.catch(() => {}); // told by whoever waits for it
    child.on('message', (message: FromServer) => {
      if (message.type === 'end') {
        this.#ends.set(message.id, message);
        this.#waiting.get(message.id)?.(message);
      } else if (message.type === 'status') this.#onStatus(message);
      else if (message.type === 'uncaught') onUncaught(message.message);
    });
  }

  close(id: number): void {
    this.#send({ type: 'close', id });
  }

  ended(id: number): Promise<ServerEnd> {
    const end = this.#ends.get(id);
    return end ? Promise.resolve(end) : new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  /** The last word on a connection, with ends counted that came after the first. */
  lastEnd(id: number): ServerEnd | undefined {
    return this.#ends.get(id);
  }

  status(): Promise<{ clients: number; handles: number }> {
    this.#send({ type: 'status' });
    return new Promise((resolve) => {
      this.#onStatus = resolve;
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#child.kill('SIGKILL');
  }

  #send(message: ToServer): void {
    if (this.#child.connected) this.#child.send(message);
  }
}

export async function startServer(plain: boolean, onUncaught: (message: string) => void): Promise<ServerUnderTest> {
  const child = fork(join(__dirname, 'server.js'), plain ? ['--plain'] : []);
  const own = new OwnServer(child, onUncaught);
  const listening = await new Promise<FromServer & { type: 'listening' }>((resolve, reject) => {
    own.died.catch(reject);
    child.on('message', (message: FromServer) => {
      if (message.type === 'listening') resolve(message);
      else if (message.type === 'uncaught') reject(new Error(`the server did not start: ${message.message}`));
    });
  });
  return { url: `ws://127.0.0.1:${listening.port}/`, control: listening.control, own };
}
