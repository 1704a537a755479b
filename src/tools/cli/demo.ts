/** The command `ws-linger demo`: starts the demo page and prints its address. */
import { Command } from 'commander';
import { startDemo } from '../demo/demo';
import { wholeNumber } from './arguments';

const EXAMPLES = `
The page opens each connection twice, to a ws-linger server and to a plain ws
server, ends both in the same way, and shows what each server reports. Ctrl+C
stops the demo.

Exit codes: 0 when the demo was stopped, 1 when it could not start, 2 for
wrong usage.

Examples:
  ws-linger demo                   open the printed address in a browser
  ws-linger demo --port 0          use any free port
  ws-linger demo --host 0.0.0.0    let other devices in, such as a phone`;

export function demoCommand(): Command {
  return new Command('demo')
    .description('serve a web page that breaks connections and shows what the servers report')
    .option('--port <n>', 'port to listen on; 0 for any free port', wholeNumber(0, 65_535), 8765)
    .option('--host <address>', 'address to listen on; everybody who can reach it can use the page', '127.0.0.1')
    .addHelpText('after', EXAMPLES)
    .action(async (options: { port: number; host: string }) => {
      const demo = await startDemo(options).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EADDRINUSE') throw error;
        throw new Error(`port ${options.port} is in use; choose another one with --port`);
      });
      console.log(`The demo runs at ${demo.url} (Ctrl+C stops it)`);
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => demo.close());
    });
}
