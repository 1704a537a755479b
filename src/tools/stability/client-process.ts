/** Starts and commands the child process of clients (client-worker.ts) that the run kills. */
import type { ChildProcess } from 'node:child_process';
import { exited, startChild } from './child-process';
import type { Target } from './client';
import type { FromClientProcess, ToClientProcess } from './client-worker';
import type { PlannedConnection } from './plan';

export class ClientProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<string>;
  /** Rejects when the process exits. */
  readonly #died: Promise<never>;
  readonly #opening = new Map<number, (answer: FromClientProcess) => void>();
  #onExchanged: (answer: FromClientProcess & { type: 'exchanged' }) => void = () => {};

  constructor(target: Target) {
    this.#child = startChild('client-worker.js');
    this.#exited = exited(this.#child);
    this.#died = this.#exited.then((how) => {
      throw new Error(`the process of clients exited by itself: ${how}`);
    });
    this.#died.catch(() => {}); // open() and exchange() report it
    this.#child.on('message', (message: FromClientProcess) => {
      if (message.type === 'exchanged') this.#onExchanged(message);
      else this.#opening.get(message.id)?.(message);
    });
    this.#send({ type: 'target', target });
  }

  /** Opens a connection. Resolves with how long that took, in ms. */
  async open(planned: PlannedConnection): Promise<number> {
    const answer = new Promise<FromClientProcess>((resolve) => this.#opening.set(planned.id, resolve));
    this.#send({ type: 'open', planned });
    const opened = await Promise.race([answer, this.#died]);
    if (opened.type !== 'opened') throw new Error((opened as { message: string }).message);
    return opened.connectMs;
  }

  /** Exchanges messages on all open connections. Resolves with how many were sent and how many echoes arrived. */
  exchange(messages: number): Promise<{ sent: number; received: number }> {
    const answer = new Promise<{ sent: number; received: number }>((resolve) => {
      this.#onExchanged = resolve;
    });
    this.#send({ type: 'exchange', messages });
    return Promise.race([answer, this.#died]);
  }

  /** Resolves when the process has exited. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #send(message: ToClientProcess): void {
    if (this.#child.connected) this.#child.send(message);
  }
}
