/** The command `ws-linger stability`: runs the stability test and prints the result. */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { allPass, checksOf } from '../stability/checks';
import { isWebSocketUrl, type StabilityOptions } from '../stability/options';
import { DEFAULT_MIX, parseMix, SCENARIOS } from '../stability/plan';
import { PROFILE_SETTINGS, PROFILES } from '../stability/profiles';
import type { StabilityResult } from '../stability/result';
import { runStability } from '../stability/run';
import { parseThresholds, type Thresholds } from '../stability/thresholds';
import { duration, header, repeatable, usageErrors, webSocketUrl, wholeNumber } from './arguments';
import { NO_COLOR_OPTION } from './colors';
import { checkFiles, isStdout, type OutputFlags, writeError, writeResults } from './stability-output';
import { startProgressDisplay } from './stability-progress';

interface Flags extends Omit<StabilityOptions, 'headers' | 'protocols'>, OutputFlags {
  header?: Record<string, string>;
  subprotocol?: string[];
  compare?: 'plain';
  thresholds?: string;
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

Profiles for --profile; options that you give come first:
  browser  tabs that are reloaded and closed
  phone    sleeps, changes networks, vanishes
  device   small, on a slow line, without power from one moment to the next
  flaky    a network with outages, which need Linux and root

Exit codes: 0 when every connection ended once, in time and with the right
cause, and no message was lost, or as far as --thresholds demands it, 1 when
not, 2 for wrong usage, 130 when the run
was interrupted (SIGINT); then the table shows the run as far as it went.

Examples:
  ws-linger stability
      start a server and test it with 200 connections
  ws-linger stability --compare plain --report report.html
      also test plain ws, show both side by side, and draw charts
  ws-linger stability --duration 10m
      repeat the round for 10 minutes, and judge memory and handles
  ws-linger stability --mix "clean=1,rst=3" --seed 7
      mostly resets; the same seed repeats the same run
  ws-linger stability ws://localhost:8080 --connections 2000 --rate 100
      test a running echo server with 100 new connections per second
  ws-linger stability wss://localhost:8443 --insecure --reconnect 5
      accept a self-signed certificate; each client reconnects five times
  ws-linger stability --profile phone
      clients that sleep, lose their network and vanish
  ws-linger stability --thresholds limits.json --junit result.xml --json r.json
      for a pipeline: what is allowed, and one test case for each check
  ws-linger stability wss://example.org/live --no-echo --messages 0
      test the connections of a server that does not echo
  ws-linger stability wss://example.org --header "Authorization: Bearer abc"
      send a header, and with --subprotocol the names of protocols, too`;

export function stabilityCommand(): Command {
  return new Command('stability')
    .description('open many connections, end most of them abruptly, and check how each one ended')
    .argument('[url]', 'echo server to test, ws:// or wss:// (default: start a ws-linger server)', webSocketUrl)
    .addOption(
      new Option('--profile <name>', 'a kind of client: sets the mix, messages, reconnects and outages').choices(
        PROFILES,
      ),
    )
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
    .option('--outages', 'take the network away for 0.7 s every 3 s; needs Linux and root')
    .option('--no-outages', 'none, also where the profile has them')
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
    .option('--json [file]', 'write the result as one JSON object to a file; without one, or with -, print it')
    .option('--junit <file>', 'write one test case for each check to a file of JUnit XML')
    .option('--thresholds <file>', 'a JSON file that says what is allowed')
    .option(...NO_COLOR_OPTION)
    .addHelpText('after', EXAMPLES)
    .action(async (argument: string | undefined, flags: Flags, command: Command) => {
      const url = argument ?? addressAfterJson(flags);
      if (url && flags.plain) command.error('error: --plain starts a server, so it cannot be used with a url');
      if (url && flags.compare) command.error('error: --compare starts servers, so it cannot be used with a url');
      if (!url && !flags.echo)
        command.error('error: --no-echo needs a url, because the server that the command starts always echoes');
      const options = given(flags, command);
      const thresholds = readThresholds(url, flags, command);
      checkFiles(flags, command);
      process.exitCode = 1; // for a process that ends before the verdict
      const results = await run(url, options, flags).catch((error: Error) => {
        writeError(error, flags);
        throw error;
      });
      const checks = checksOf(results[0], thresholds);
      writeResults(results, checks, flags);
      process.exitCode = results.some(({ interrupted }) => interrupted) ? INTERRUPTED : allPass(checks) ? 0 : 1;
    });
}

/** Before it took a file, `--json` could stand before the address. It still can. */
function addressAfterJson(flags: Flags): string | undefined {
  if (typeof flags.json !== 'string' || !isWebSocketUrl(flags.json)) return undefined;
  const address = flags.json;
  flags.json = true;
  return address;
}

/** The options of the run that the user gave. What is left out has a default of the profile or of the run. */
function given(flags: Flags, command: Command): StabilityOptions {
  const { header, subprotocol, compare, report, json, junit, thresholds, color, ...same } = flags;
  const named = Object.entries(same).filter(([name]) => command.getOptionValueSource(name) !== 'default');
  return { ...Object.fromEntries(named), headers: header, protocols: subprotocol };
}

function readThresholds(url: string | undefined, flags: Flags, command: Command): Thresholds {
  const { thresholds: file, duration } = flags;
  if (file === undefined) return {};
  const isDefault = command.getOptionValueSource('mix') === 'default';
  const mix = (isDefault && flags.profile ? PROFILE_SETTINGS[flags.profile].settings.mix : flags.mix) ?? {};
  const scenarios = Object.entries(mix).flatMap(([name, weight]) => (weight > 0 ? [name] : []));
  try {
    return parseThresholds(readFileSync(file, 'utf8'), { scenarios, memory: !url && duration !== undefined });
  } catch (error) {
    return command.error(`error: --thresholds ${file}: ${(error as Error).message}`);
  }
}

/** Runs the test and, with --compare, the same test of the second server. */
async function run(
  url: string | undefined,
  given: StabilityOptions,
  flags: Flags,
): Promise<[StabilityResult, ...StabilityResult[]]> {
  const interrupt = new AbortController();
  // The listener runs once, so a second Ctrl+C ends the process at once.
  process.once('SIGINT', () => interrupt.abort());
  const options = { ...given, url, signal: interrupt.signal };
  const quiet = flags.json !== undefined && isStdout(flags.json);
  const runOne = async (name: string, plain: boolean | undefined) => {
    const display = quiet ? undefined : startProgressDisplay(name);
    try {
      return await runStability({ ...options, plain, onProgress: display?.update });
    } finally {
      display?.stop();
    }
  };
  const first = await runOne(flags.plain ? 'plain ws' : 'ws-linger', flags.plain);
  return flags.compare && !first.interrupted ? [first, await runOne('plain ws', true)] : [first];
}
