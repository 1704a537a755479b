/** `ws-linger demo`: the page to try it by hand, on the command line. */
import { Command } from 'commander';
import { startDemo } from '../demo/demo';
import { wholeNumber } from './arguments';

const EXAMPLES = `
The page opens each connection twice, to a server of ws-linger and to one of
plain ws, ends both in the same way, and shows what each of them says. Ctrl+C
ends it.

Exit codes: 0 when it was ended, 1 when it could not start, 2 for wrong usage.

Examples:
  ws-linger demo                   then open the address that it prints
  ws-linger demo --port 0          on any port that is free
  ws-linger demo --host 0.0.0.0    for other devices too, such as a phone`;

export function demoCommand(): Command {
  return new Command('demo')
    .description('serve a page on which to break connections, and to see what is said of each')
    .option('--port <n>', 'port to listen on, 0 for any', wholeNumber(0, 65_535), 8765)
    .option('--host <address>', 'address to listen on; whoever can reach it can use the page', '127.0.0.1')
    .addHelpText('after', EXAMPLES)
    .action(async (options: { port: number; host: string }) => {
      const demo = await startDemo(options).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EADDRINUSE') throw error;
        throw new Error(`port ${options.port} is taken; choose another with --port`);
      });
      console.log(`The demo is at ${demo.url} (Ctrl+C ends it)`);
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => demo.close());
    });
}
