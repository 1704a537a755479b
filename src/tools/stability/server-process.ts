/** The server under test, seen from the run: one of our own in a child process, or a foreign one behind a url. */
import type { ChildProcess } from 'node:child_process';
import { withCode } from '../../errors';
import { gone, startChild } from './child-process';
import type { End } from './expected';
import type { StabilityResult } from './result';
import type { FromServer, ServerStatus, ToServer } from './server';

export type ServerEnd = End & { received: number };

export interface ServerUnderTest {
  readonly url: string;
  readonly control: StabilityResult['control'];
  /** Null for a foreign server, which tells nothing and can be told nothing. */
  readonly own: OwnServer | null;
}

export interface ServerEvents {
  /** The first 'close' of a connection. */
  onEnd(end: ServerEnd): void;
  onUncaught(message: string): void;
}

export class OwnServer {
  /** Rejects when the server's process dies by itself. */
  readonly died: Promise<never>;
  readonly #gone: Promise<string>;
  readonly #child: ChildProcess;
  readonly #ends = new Map<number, ServerEnd>();
  readonly #waiting = new Map<number, (end: ServerEnd) => void>();
  #onStatus: (status: FromServer & { type: 'status' }) => void = () => {};
  #stopped = false;

  constructor(child: ChildProcess, { onEnd, onUncaught }: ServerEvents) {
    this.#child = child;
    this.#gone = gone(child);
    this.died = new Promise((_, reject) => {
      this.#gone.then((how) => {
        if (!this.#stopped) reject(withCode(new Error(`the server's process died: ${how}`), 'WSL_ERR_SERVER_DIED'));
      });
    });
    this.died.catch(() => {}); // told by whoever waits for it
    child.on('message', (message: FromServer) => {
      if (message.type === 'end') {
        this.#ends.set(message.id, message);
        if (message.closes === 1) onEnd(message);
        this.#waiting.get(message.id)?.(message);
      } else if (message.type === 'status') this.#onStatus(message);
      else if (message.type === 'uncaught') onUncaught(message.message);
    });
  }

  /** Makes the server send a connection so many messages, and then close it. */
  close(id: number, backlog: number): void {
    this.#send({ type: 'close', id, backlog });
  }

  ended(id: number): Promise<ServerEnd> {
    const end = this.#ends.get(id);
    return end ? Promise.resolve(end) : new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  /** The last word on a connection, with ends counted that came after the first. */
  lastEnd(id: number): ServerEnd | undefined {
    return this.#ends.get(id);
  }

  /** Lets go of all that has been told of connections. */
  forget(): void {
    this.#ends.clear();
    this.#waiting.clear();
  }

  status(): Promise<ServerStatus> {
    this.#send({ type: 'status' });
    return new Promise((resolve) => {
      this.#onStatus = resolve;
    });
  }

  /** Resolves when the process is gone. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#child.kill('SIGKILL');
    await this.#gone;
  }

  #send(message: ToServer): void {
    if (this.#child.connected) this.#child.send(message);
  }
}

/** Starts a server; `--expose-gc` lets it tell what it holds apart from what it has not yet let go of. */
export async function startServer(plain: boolean, events: ServerEvents): Promise<ServerUnderTest> {
  const child = startChild('server.js', plain ? ['--plain'] : [], ['--expose-gc']);
  const own = new OwnServer(child, events);
  const listening = new Promise<FromServer & { type: 'listening' }>((resolve, reject) => {
    own.died.catch(reject);
    child.on('message', (message: FromServer) => {
      if (message.type === 'listening') resolve(message);
      else if (message.type === 'uncaught') reject(new Error(`the server did not start: ${message.message}`));
    });
  });
  const { port, control } = await listening.catch(async (error) => {
    await own.stop(); // alive, it would keep this process
    throw error;
  });
  return { url: `ws://127.0.0.1:${port}/`, control, own };
}
