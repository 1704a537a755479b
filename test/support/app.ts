/** A program that a test starts, and what it prints. */
import assert from 'node:assert/strict';
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';

export class App {
  output = '';
  readonly #process: ChildProcess;

  constructor([program = '', ...args]: string[], options: SpawnOptions) {
    this.#process = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process.stdout?.on('data', (chunk) => {
      this.output += chunk;
    });
  }

  /** Waits until it has printed this, not counting the first `from` characters; fails when it ends before. */
  async prints(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.output.slice(from));
      if (found) return found;
      if (this.#ended()) assert.fail(`it ended, and has printed ${JSON.stringify(this.output)}`);
      await Promise.race([once(this.#process.stdout as NodeJS.EventEmitter, 'data'), once(this.#process, 'close')]);
    }
  }

  async stop(): Promise<void> {
    if (this.#ended()) return;
    const closed = once(this.#process, 'close');
    this.#process.kill();
    await closed;
  }

  #ended(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }
}
