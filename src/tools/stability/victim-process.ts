/** A process of clients, seen from the run that will kill it. */
import type { ChildProcess } from 'node:child_process';
import { gone, startChild } from './child-process';
import type { Target } from './client';
import type { Planned } from './plan';
import type { FromVictims, ToVictims } from './victims';

export class VictimProcess {
  readonly #child: ChildProcess;
  readonly #gone: Promise<string>;
  /** Rejects when the process dies by itself. */
  readonly #died: Promise<never>;
  readonly #opening = new Map<number, (answer: FromVictims) => void>();
  #onExchanged: (answer: FromVictims & { type: 'exchanged' }) => void = () => {};

  constructor(target: Target) {
    this.#child = startChild('victims.js');
    this.#gone = gone(this.#child);
    this.#died = this.#gone.then((how) => {
      throw new Error(`the process of clients died by itself: ${how}`);
    });
    this.#died.catch(() => {}); // told by whoever waits for it
    this.#child.on('message', (message: FromVictims) => {
      if (message.type === 'exchanged') this.#onExchanged(message);
      else this.#opening.get(message.id)?.(message);
    });
    this.#send({ type: 'target', target });
  }

  /** Opens a connection; resolves with how long that took, in ms. */
  async open(planned: Planned): Promise<number> {
    const answer = new Promise<FromVictims>((resolve) => this.#opening.set(planned.id, resolve));
    this.#send({ type: 'open', planned });
    const opened = await Promise.race([answer, this.#died]);
    if (opened.type !== 'opened') throw new Error((opened as { message: string }).message);
    return opened.connectMs;
  }

  /** As Client's, for all that are open; what they have sent and got back. */
  exchange(messages: number): Promise<{ sent: number; received: number }> {
    const answer = new Promise<{ sent: number; received: number }>((resolve) => {
      this.#onExchanged = resolve;
    });
    this.#send({ type: 'exchange', messages });
    return Promise.race([answer, this.#died]);
  }

  /** Resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#gone;
  }

  #send(message: ToVictims): void {
    if (this.#child.connected) this.#child.send(message);
  }
}
