/** A process of clients, seen from the run that will kill it. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Planned } from './plan';
import type { FromVictims, ToVictims } from './victims';

export class VictimProcess {
  readonly planned: Planned[];
  /** Rejects when the process dies before its clients have exchanged their messages. */
  readonly ready: Promise<FromVictims>;
  readonly #child: ChildProcess;

  constructor(url: string, messages: number, planned: Planned[]) {
    this.planned = planned;
    this.#child = fork(join(__dirname, 'victims.js'));
    this.ready = new Promise((resolve, reject) => {
      this.#child.once('message', resolve);
      this.#child.once('exit', () => reject(new Error('the process of clients died by itself')));
    });
    this.#child.send({ url, messages, planned } satisfies ToVictims);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
