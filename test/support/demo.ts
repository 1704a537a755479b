/** Starts `ws-linger demo` on this machine's Node, or on Windows Node under Wine. */
import { join, relative } from 'node:path';
import { CLI, Program, ROOT } from './child.js';

export interface RunningDemo {
  url: string;
  /** Ends the demo. Resolves with its exit code, or null if a signal ended it. */
  stop(): Promise<number | null>;
}

export async function startDemo({ windows = false } = {}): Promise<RunningDemo> {
  const wine = windows ? [join(ROOT, 'scripts', 'windows-node.js')] : [];
  // Windows Node does not know this machine's absolute paths.
  const command = [process.execPath, ...wine, relative(ROOT, CLI), 'demo', '--port', '0'];
  const demo = new Program(command, { cwd: ROOT });
  const [url] = await demo.prints(/http:\/\/\S+/);
  return { url, stop: () => demo.stop() };
}
