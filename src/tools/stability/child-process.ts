/** A Node process that belongs to a run. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

/**
 * Starts a file of this folder. It gets none of this process's own flags: a debugger's port cannot be opened twice. It is
 * detached, so that what interrupts the run (Ctrl+C) is not sent to it too: the run ends its processes itself, and they
 * end by themselves when it is gone.
 */
export function startChild(file: string, args: string[] = [], execArgv: string[] = []): ChildProcess {
  const child = fork(join(__dirname, file), args, { execArgv, detached: true });
  child.on('error', () => {}); // a message to a process that is gone; whether it is gone is asked below
  return child;
}

/** Resolves when the process is gone, or could not be started, with how. */
export function gone(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    child.once('error', (error) => {
      if (child.pid === undefined) resolve(error.message);
    });
  });
}
