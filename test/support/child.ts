/**
 * The processes that tests start: run to their end, talked to over a message channel, or followed by what they print.
 */
import assert from 'node:assert/strict';
import {
  type ChildProcess,
  type ExecFileException,
  type ExecFileOptions,
  execFile,
  type ForkOptions,
  fork,
  type SpawnOptions,
  spawn,
} from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** The repository's root, seen from dist-test/support. */
export const ROOT = join(__dirname, '..', '..');
/** The `ws-linger` command. */
export const CLI = join(ROOT, 'dist', 'tools', 'cli', 'main.js');

export interface Ended {
  /** Exit code, or the name of the signal. */
  code: number | string | null;
  stdout: string;
  stderr: string;
}

interface RunOptions extends Pick<ExecFileOptions, 'cwd' | 'env' | 'timeout'> {
  /** Another node.exe than this one. */
  node?: string;
}

/**
 * Runs Node with these arguments until it ends. By default kills it shortly before the test runner gives up the test.
 */
export function runNode(args: readonly string[], { node = process.execPath, ...options }: RunOptions = {}) {
  return new Promise<Ended>((resolve) => {
    execFile(
      node,
      args,
      { timeout: 110_000, killSignal: 'SIGKILL', ...options },
      (error: ExecFileException | null, stdout, stderr) =>
        resolve({ code: error ? (error.code ?? error.signal ?? error.message) : 0, stdout, stderr }),
    );
  });
}

/** Runs `ws-linger ARGS…`. */
export const runCli = (...args: string[]) => runNode([CLI, ...args]);

interface EdgeOptions extends RunOptions {
  args?: readonly string[];
  /** Arguments for Node itself. */
  flags?: readonly string[];
}

/** Runs test/edges/NAME.ts. */
export function runEdge(name: string, { args = [], flags = [], ...options }: EdgeOptions = {}): Promise<Ended> {
  return runNode([...flags, join(__dirname, '..', 'edges', `${name}.js`), ...args], options);
}

/** Parses the one line of JSON that a process printed. Throws if the process failed or wrote to stderr. */
export function parseOutput<T>({ code, stdout, stderr }: Ended): T {
  if (code !== 0 || stderr !== '') throw new Error(`the process ended with ${code}\n${stdout}\n${stderr}`);
  return JSON.parse(stdout);
}

/** Starts a script of test/, named by its path without `.ts`, with a message channel to it. */
export function forkScript(script: string, args: readonly string[] = [], options: ForkOptions = {}): ChildProcess {
  return fork(join(__dirname, '..', `${script}.js`), args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    ...options,
  });
}

/** A running program and what it has printed so far. */
export class Program {
  output = '';
  readonly #process: ChildProcess;
  /** Resolves when the program has ended and all that it printed was read. */
  readonly #closed: Promise<unknown>;

  /** With `messages` there is a message channel to it, so it must be Node. */
  constructor([program = '', ...args]: string[], { messages, ...options }: SpawnOptions & { messages?: boolean }) {
    this.#process = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'inherit', messages ? 'ipc' : null] });
    this.#closed = new Promise((resolve) => this.#process.once('close', resolve));
    this.#process.stdout?.on('data', (chunk) => {
      this.output += chunk;
    });
  }

  /** Waits until the output matches, not counting its first `from` characters. Fails if the program ends before. */
  async prints(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.output.slice(from));
      if (found) return found;
      if (this.#ended()) assert.fail(`the program ended after printing ${JSON.stringify(this.output)}`);
      const waiting = new AbortController();
      const { signal } = waiting;
      const printed = once(this.#process.stdout as NodeJS.EventEmitter, 'data', { signal });
      await Promise.race([printed, once(this.#process, 'close', { signal })]);
      waiting.abort(); // removes the other listener
    }
  }

  /** Waits for the program to end by itself. Resolves with its exit code, or null if a signal ended it. */
  async end(): Promise<number | null> {
    await this.#closed;
    return this.#process.exitCode;
  }

  /** Sends a message to a program with a message channel. */
  send(message: string): void {
    this.#process.send?.(message);
  }

  /** Sends a signal unless the program has ended. Resolves with its exit code, or null if a signal ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (!this.#ended()) this.#process.kill(signal);
    return this.end();
  }

  #ended(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }
}
