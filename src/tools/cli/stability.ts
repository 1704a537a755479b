/** The command `ws-linger stability`: runs the stability test and prints the result. */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { StabilityOptions } from '../stability/options';
import { DEFAULT_MIX, parseMix, SCENARIOS } from '../stability/plan';
import { renderReport } from '../stability/report';
import type { StabilityResult } from '../stability/result';
import { runStability } from '../stability/run';
import { duration, header, repeatable, usageErrors, webSocketUrl, wholeNumber } from './arguments';
import { colorsFor, NO_COLOR_OPTION } from './colors';
import { startProgressDisplay } from './stability-progress';
import { renderTable } from './stability-table';

interface Flags extends Omit<StabilityOptions, 'headers' | 'protocols'> {
  header?: Record<string, string>;
  subprotocol?: string[];
  compare?: 'plain';
  report?: string;
  json?: true;
  color: boolean;
}

const INTERRUPTED = 130; // the shell's exit code for a process that SIGINT ended

const EXAMPLES = `
Scenarios for --mix, each with an optional weight:
  clean   the client does the closing handshake
  rst     the client sends RST
  fin     the client sends FIN without a close frame
  cut     the client sends FIN in the middle of a frame
  stall   the client stops reading; the server closes
  kill    the client's process is killed
  slow    the server sends a backlog and closes; the client reads at 25 KB/s
  pause   the same, but the client reads nothing for 4 s
  cutoff  the same, but the client's traffic is cut off for 3 s
In the last three the client must receive all that was sent before the close.

Exit codes: 0 when every connection ended once, in time and with the right
cause, and no message was lost, 1 when not, 2 for wrong usage, 130 when the run
was interrupted (SIGINT); then the table shows the run as far as it went.

Examples:
  ws-linger stability
      start a server and test it with 200 connections
  ws-linger stability --compare plain --report report.html
      also test plain ws, show both side by side, and draw charts
  ws-linger stability --duration 10m
      repeat the round for 10 minutes, and judge memory and handles
  ws-linger stability --mix clean=1,rst=3 --seed 7
      mostly resets; the same seed repeats the same run
  ws-linger stability ws://localhost:8080 --connections 2000 --rate 100
      test a running echo server with 100 new connections per second
  ws-linger stability wss://localhost:8443 --insecure --reconnect 5
      accept a self-signed certificate; each client reconnects five times
  ws-linger stability wss://example.org/live --no-echo --messages 0
      test the connections of a server that does not echo
  ws-linger stability wss://example.org --header "Authorization: Bearer abc"
      send a header, and with --subprotocol the names of protocols, too`;

export function stabilityCommand(): Command {
  return new Command('stability')
    .description('open many connections, end most of them abruptly, and check how each one ended')
    .argument('[url]', 'echo server to test, ws:// or wss:// (default: start a ws-linger server)', webSocketUrl)
    .option('--connections <n>', 'how many connections are open at the same time', wholeNumber(1, 100_000), 200)
    .option(
      '--messages <n>',
      'numbered messages per connection; clean ones send as many again while the others break',
      wholeNumber(0, 1_000_000),
      10,
    )
    .option('--no-echo', 'do not expect the server at the url to send messages back')
    .addOption(
      new Option('--mix <list>', `scenarios: ${SCENARIOS.join(', ')}`).argParser(usageErrors(parseMix)).default(
        DEFAULT_MIX,
        Object.entries(DEFAULT_MIX)
          .map(([scenario, weight]) => (weight === 1 ? scenario : `${scenario}=${weight}`))
          .join(','),
      ),
    )
    .option('--seed <n>', 'decides which connection gets which scenario', wholeNumber(0, 2 ** 31 - 1), 1)
    .option(
      '--timeout <ms>',
      'limit for opening, for exchanging and for ending, each; what a slow peer takes by itself is added',
      wholeNumber(1, 2 ** 31 - 1),
      15_000,
    )
    .option(
      '--rate <n>',
      'how many connections begin per second (default: 100 are opening at a time)',
      wholeNumber(1, 100_000),
    )
    .option('--reconnect <n>', 'how often each client reconnects', wholeNumber(0, 1_000_000), 0)
    .option(
      '--duration <time>',
      'soak test: repeat the round for this time (1m, 10m, 2h) and judge the memory; a verdict needs over two minutes',
      duration,
    )
    .option('--header <line>', "header of the opening handshake, 'Name: value'; may be repeated", header)
    .option('--subprotocol <name>', 'subprotocol to offer; may be repeated', repeatable)
    .option('--insecure', 'accept any certificate')
    .option('--plain', 'start a plain ws server instead of ws-linger')
    .addOption(
      new Option('--compare <server>', 'also test this server, and show both results')
        .choices(['plain'])
        .conflicts('plain'),
    )
    .option('--report <file>', 'write the result with charts to one HTML file')
    .option('--json', 'print one JSON object')
    .option(...NO_COLOR_OPTION)
    .addHelpText('after', EXAMPLES)
    .action(async (url: string | undefined, flags: Flags, command: Command) => {
      if (url && flags.plain) command.error('error: --plain starts a server, so it cannot be used with a url');
      if (url && flags.compare) command.error('error: --compare starts servers, so it cannot be used with a url');
      if (!url && !flags.echo)
        command.error('error: --no-echo needs a url, because the server that the command starts always echoes');
      if (flags.report !== undefined) checkWritable(flags.report, command);
      process.exitCode = 1; // for a process that ends before the verdict
      const results = await run(url, flags);
      print(results, flags);
      process.exitCode = results.some(({ interrupted }) => interrupted) ? INTERRUPTED : results[0].pass ? 0 : 1;
    });
}

/** Reports a file that cannot be written before the run, not after it. */
function checkWritable(file: string, command: Command): void {
  try {
    closeSync(openSync(file, 'a'));
  } catch (error) {
    command.error(`error: the report cannot be written: ${(error as Error).message}`);
  }
}

/** Runs the test and, with --compare, the same test of the second server. */
async function run(url: string | undefined, flags: Flags): Promise<[StabilityResult, ...StabilityResult[]]> {
  const { header, subprotocol, compare, report, json, color, ...same } = flags;
  const interrupt = new AbortController();
  // The listener runs once, so a second Ctrl+C ends the process at once.
  process.once('SIGINT', () => interrupt.abort());
  const options = { ...same, url, headers: header, protocols: subprotocol, signal: interrupt.signal };
  const runOne = async (name: string, plain: boolean | undefined) => {
    const display = json ? undefined : startProgressDisplay(name);
    try {
      return await runStability({ ...options, plain, onProgress: display?.update });
    } finally {
      display?.stop();
    }
  };
  const first = await runOne(flags.plain ? 'plain ws' : 'ws-linger', flags.plain);
  return compare && !first.interrupted ? [first, await runOne('plain ws', true)] : [first];
}

function print(results: [StabilityResult, ...StabilityResult[]], { json, report, color }: Flags): void {
  const [result, plain] = results;
  if (report) writeFileSync(report, renderReport(result, plain));
  if (json) console.log(JSON.stringify(plain ? { ...result, plain } : result, null, 2));
  else console.log(renderTable(results, colorsFor(color)));
  if (report && !json) console.log(`The report was written to ${report}`);
}
