/** The demo as a process, on this Node or on Windows Node under Wine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');

export interface RunningDemo {
  url: string;
  child: ChildProcess;
  /** Ends it; resolves with its exit code, null when it was killed. */
  stop(): Promise<number | null>;
}

export async function startDemo({ windows = false, port = 0 } = {}): Promise<RunningDemo> {
  const wine = windows ? [join(root, 'scripts', 'windows-node.js')] : [];
  const args = [...wine, join('dist', 'tools', 'cli', 'main.js'), 'demo', '--port', String(port)];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      output += chunk;
      const found = /http:\/\/\S+/.exec(output);
      if (found) resolve(found[0]);
    });
    exited.then(() => reject(new Error(`the demo did not start: ${output}`)));
  });
  const stop = async () => {
    child.kill('SIGTERM');
    const [code] = await exited;
    return code;
  };
  return { url, child, stop };
}
