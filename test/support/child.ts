/** A Node process of its own, for what a test could not survive in its own process. */
import { type ExecFileException, execFile } from 'node:child_process';
import { join } from 'node:path';

export interface Ended {
  /** Exit code, or the name of the signal. */
  code: number | string | null;
  stdout: string;
  stderr: string;
}

interface Options {
  args?: readonly string[];
  /** Another node.exe than this one. */
  node?: string;
  /** Arguments for Node itself. */
  flags?: readonly string[];
}

/** Runs test/edges/NAME.ts to its end. */
export function runEdge(
  name: string,
  { args = [], node = process.execPath, flags = [] }: Options = {},
): Promise<Ended> {
  const script = join(__dirname, '..', 'edges', `${name}.js`);
  return new Promise((resolve) => {
    execFile(
      node,
      [...flags, script, ...args],
      { timeout: 110_000, killSignal: 'SIGKILL' },
      (error: ExecFileException | null, stdout, stderr) =>
        resolve({ code: error ? (error.code ?? error.signal ?? error.message) : 0, stdout, stderr }),
    );
  });
}

/** What such a process has to say is one line of JSON. */
export function saidBy<T>({ code, stdout, stderr }: Ended): T {
  if (code !== 0 || stderr !== '') throw new Error(`the process ended with ${code}\n${stdout}\n${stderr}`);
  return JSON.parse(stdout);
}
