/** `ws-linger stability`: the stability run on the command line. */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { StabilityOptions } from '../stability/options';
import { DEFAULT_MIX, parseMix, SCENARIOS } from '../stability/plan';
import { renderReport } from '../stability/report';
import type { StabilityResult } from '../stability/result';
import { runStability } from '../stability/run';
import { duration, header, oneMore, parsed, webSocketUrl, wholeNumber } from './arguments';
import { colorsFor, NO_COLOR_OPTION } from './colors';
import { liveProgress } from './stability-progress';
import { renderTable } from './stability-table';

interface Flags extends Omit<StabilityOptions, 'headers' | 'protocols'> {
  header?: Record<string, string>;
  subprotocol?: string[];
  compare?: 'plain';
  report?: string;
  json?: true;
  color: boolean;
}

const INTERRUPTED = 130; // as shells say of SIGINT

const EXAMPLES = `
Ways to end a connection, for --mix, each with an optional weight:
  clean   closing handshake            rst    RST
  fin     FIN without a close frame    cut    FIN in the middle of a frame
  stall   a peer that stops reading    kill   the peer's process is killed
and, for a peer that is alive and must get all that was sent before the close:
  slow    it reads at 25 KB/s          pause  it stops reading for 4 s
  cutoff  its traffic is cut off for 3 s

Exit codes: 0 when every connection ended once, in time and with the right
cause, and no message was lost, 1 when not, 2 for wrong usage, 130 when it was
interrupted (SIGINT); the table then shows what had been seen.

Examples:
  ws-linger stability
      start a server, run 200 connections against it
  ws-linger stability --compare plain --report report.html
      the same against plain ws, side by side, and as charts
  ws-linger stability --duration 10m
      round after round, and a verdict on memory and handles
  ws-linger stability --mix clean=1,rst=3 --seed 7
      mostly resets; the same run again with the same seed
  ws-linger stability ws://localhost:8080 --connections 2000 --rate 100
      a running echo server, 100 more connections each second
  ws-linger stability wss://localhost:8443 --insecure --reconnect 5
      a self-signed certificate; each client comes back five times
  ws-linger stability wss://example.org/live --no-echo --messages 0 \\
      --header 'Authorization: Bearer abc' --subprotocol graphql-ws
      a server that does not echo; only the connections are tested`;

export function stabilityCommand(): Command {
  return new Command('stability')
    .description('open many connections, end most of them abruptly, and check how each one ended')
    .argument('[url]', 'an echo server, ws:// or wss://; without it one is started', webSocketUrl)
    .option('--connections <n>', 'connections, all open at the same time', wholeNumber(1, 100_000), 200)
    .option(
      '--messages <n>',
      'numbered messages per connection, and as many again where it ends cleanly',
      wholeNumber(0, 1_000_000),
      10,
    )
    .option('--no-echo', 'the server at the url does not send messages back')
    .addOption(
      new Option('--mix <list>', `ways to end: ${SCENARIOS.join(', ')}`).argParser(parsed(parseMix)).default(
        DEFAULT_MIX,
        Object.entries(DEFAULT_MIX)
          .map(([scenario, weight]) => (weight === 1 ? scenario : `${scenario}=${weight}`))
          .join(','),
      ),
    )
    .option('--seed <n>', 'order in which they are dealt out', wholeNumber(0, 2 ** 31 - 1), 1)
    .option(
      '--timeout <ms>',
      'how long opening, exchanging and ending may take each; a slow peer takes some 10 s to end',
      wholeNumber(1, 2 ** 31 - 1),
      15_000,
    )
    .option('--rate <n>', 'connections begun per second (default: 100 at a time)', wholeNumber(1, 100_000))
    .option('--reconnect <n>', 'how often each client comes back', wholeNumber(0, 1_000_000), 0)
    .option(
      '--duration <time>',
      'soak: more rounds for so long (1m, 10m, 2h), and watch the memory; a verdict takes over two minutes',
      duration,
    )
    .option('--header <line>', "'Name: value' for the opening request; may be repeated", header)
    .option('--subprotocol <name>', 'a subprotocol to offer; may be repeated', oneMore)
    .option('--insecure', 'accept any certificate')
    .option('--plain', 'start plain ws as the server, to see what it does not do')
    .addOption(
      new Option('--compare <server>', 'do the same with this server too, and show both')
        .choices(['plain'])
        .conflicts('plain'),
    )
    .option('--report <file>', 'write charts of the run to one HTML file')
    .option('--json', 'print one JSON object')
    .option(...NO_COLOR_OPTION)
    .addHelpText('after', EXAMPLES)
    .action(async (url: string | undefined, flags: Flags, command: Command) => {
      if (url && flags.plain) command.error('error: --plain starts a server of its own, so it goes without a url');
      if (url && flags.compare) command.error('error: --compare starts servers of its own, so it goes without a url');
      if (!url && !flags.echo)
        command.error('error: --no-echo is for a server at a url; the one that is started echoes');
      if (flags.report !== undefined) checkWritable(flags.report, command);
      process.exitCode = 1; // until there is a verdict
      const results = await run(url, flags);
      print(results, flags);
      process.exitCode = results.some(({ interrupted }) => interrupted) ? INTERRUPTED : results[0].pass ? 0 : 1;
    });
}

/** A report that cannot be written is told of before the run, not after. */
function checkWritable(file: string, command: Command): void {
  try {
    closeSync(openSync(file, 'a'));
  } catch (error) {
    command.error(`error: the report cannot be written: ${(error as Error).message}`);
  }
}

/** The run, and the one beside it where there is to be one. */
async function run(url: string | undefined, flags: Flags): Promise<[StabilityResult, ...StabilityResult[]]> {
  const { header, subprotocol, compare, report, json, color, ...same } = flags;
  const interrupt = new AbortController();
  // A second one ends the process at once.
  process.once('SIGINT', () => interrupt.abort());
  const options = { ...same, url, headers: header, protocols: subprotocol, signal: interrupt.signal };
  const one = async (name: string, plain: boolean | undefined) => {
    const live = json ? undefined : liveProgress(name);
    try {
      return await runStability({ ...options, plain, onProgress: live?.update });
    } finally {
      live?.stop();
    }
  };
  const first = await one(flags.plain ? 'plain ws' : 'ws-linger', flags.plain);
  return compare && !first.interrupted ? [first, await one('plain ws', true)] : [first];
}

function print(results: [StabilityResult, ...StabilityResult[]], { json, report, color }: Flags): void {
  const [result, plain] = results;
  if (report) writeFileSync(report, renderReport(result, plain));
  if (json) console.log(JSON.stringify(plain ? { ...result, plain } : result, null, 2));
  else console.log(renderTable(results, colorsFor(color)));
  if (report && !json) console.log(`The report is in ${report}`);
}
