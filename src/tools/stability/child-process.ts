/** Starts the child processes of a stability run, and reports how they exited. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

/**
 * Starts a file of this folder as a Node process.
 *
 * The child does not inherit this process's Node flags, because a debugger's port cannot be opened twice. The child is
 * detached, so that a terminal's Ctrl+C reaches only the run: the run ends its children itself, and a child exits by
 * itself when the run's process is gone. `wrapper`, where given, is a program that becomes Node.
 */
export function startChild(
  file: string,
  args: string[] = [],
  nodeArgs: string[] = [],
  wrapper?: readonly [program: string, ...args: string[]],
): ChildProcess {
  const [execPath, ...before] = [...(wrapper ?? []), process.execPath] as [string, ...string[]];
  const child = fork(join(__dirname, file), args, { execPath, execArgv: [...before, ...nodeArgs], detached: true });
  child.on('error', () => {}); // sending to a child that has exited; exited() reports a child that did not start
  return child;
}

/** Resolves when the process has exited, or could not be started, with the signal, exit code or error as text. */
export function exited(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    child.once('error', (error) => {
      if (child.pid === undefined) resolve(error.message);
    });
  });
}
