/** Starts and commands the server under test, which is a child process (server.ts), and receives its reports. */
import type { ChildProcess } from 'node:child_process';
import { withCode } from '../../errors';
import { exited, startChild } from './child-process';
import type { ObservedEnd } from './expected-ends';
import type { OutageNetwork } from './outage-network';
import type { StabilityResult } from './result';
import type { FromServer, ServerStatus, ToServer } from './server';

export type ServerEnd = ObservedEnd & { received: number };

export interface ServerUnderTest {
  readonly url: string;
  readonly control: StabilityResult['control'];
  /** Null when the run tests a server at a URL: the run can neither ask that server anything nor command it. */
  readonly serverProcess: ServerProcess | null;
}

export interface ServerEvents {
  /** Called for the first 'close' of each connection. */
  onEnd(end: ServerEnd): void;
  onUncaught(message: string): void;
}

export class ServerProcess {
  /** Rejects with `WSL_ERR_SERVER_DIED` when the process exits without a call of stop(). */
  readonly died: Promise<never>;
  readonly #exited: Promise<string>;
  readonly #child: ChildProcess;
  readonly #ends = new Map<number, ServerEnd>();
  readonly #waiting = new Map<number, (end: ServerEnd) => void>();
  #onStatus: (status: FromServer & { type: 'status' }) => void = () => {};
  #stopped = false;

  constructor(child: ChildProcess, { onEnd, onUncaught }: ServerEvents) {
    this.#child = child;
    this.#exited = exited(child);
    this.died = new Promise((_, reject) => {
      this.#exited.then((how) => {
        if (!this.#stopped) reject(withCode(new Error(`the server's process died: ${how}`), 'WSL_ERR_SERVER_DIED'));
      });
    });
    this.died.catch(() => {}); // the run reports it
    child.on('message', (message: FromServer) => {
      if (message.type === 'end') {
        this.#ends.set(message.id, message);
        if (message.closes === 1) onEnd(message);
        this.#waiting.get(message.id)?.(message);
      } else if (message.type === 'status') this.#onStatus(message);
      else if (message.type === 'uncaught') onUncaught(message.message);
    });
  }

  /** Tells the server to send the connection `backlog` messages and then to close it. */
  close(id: number, backlog: number): void {
    this.#send({ type: 'close', id, backlog });
  }

  /** Resolves with the server's first report of the connection's end. */
  ended(id: number): Promise<ServerEnd> {
    const end = this.#ends.get(id);
    return end ? Promise.resolve(end) : new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  /** Returns the server's latest report, which also counts a second 'close' or 'disconnect'. */
  lastEnd(id: number): ServerEnd | undefined {
    return this.#ends.get(id);
  }

  /** Frees the reports of a finished round. */
  clearReports(): void {
    this.#ends.clear();
    this.#waiting.clear();
  }

  /** Asks the server what it holds. */
  status(): Promise<ServerStatus> {
    this.#send({ type: 'status' });
    return new Promise((resolve) => {
      this.#onStatus = resolve;
    });
  }

  /** Kills the process. Resolves when it has exited. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #send(message: ToServer): void {
    if (this.#child.connected) this.#child.send(message);
  }
}

/**
 * Starts the server. Resolves when it listens, rejects when it cannot. `--expose-gc` lets the server collect garbage
 * before it reports its memory, so that two reports can be compared. `network`, where given, is what the server is put behind.
 */
export async function startServer(
  plain: boolean,
  network: OutageNetwork | null,
  events: ServerEvents,
): Promise<ServerUnderTest> {
  const host = network?.serverAddress ?? '127.0.0.1';
  const child = startChild('server.js', [host, ...(plain ? ['--plain'] : [])], ['--expose-gc'], network?.onServer);
  const serverProcess = new ServerProcess(child, events);
  const listening = new Promise<FromServer & { type: 'listening' }>((resolve, reject) => {
    serverProcess.died.catch(reject);
    child.on('message', (message: FromServer) => {
      if (message.type === 'listening') resolve(message);
      else if (message.type === 'uncaught') reject(new Error(`the server did not start: ${message.message}`));
    });
  });
  const { port, control } = await listening.catch(async (error) => {
    await serverProcess.stop(); // otherwise the child would keep this process alive
    throw error;
  });
  return { url: `ws://${host}:${port}/`, control, serverProcess };
}
