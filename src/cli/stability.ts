/** `ws-linger stability`: the stability run on the command line. */
import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { Command, InvalidArgumentError } from 'commander';
import pc from 'picocolors';
import { DEFAULT_MIX, type Mix, parseMix, SCENARIOS } from '../stability/plan';
import type { StabilityResult } from '../stability/result';
import { runStability } from '../stability/run';

interface Flags {
  connections: number;
  messages: number;
  mix: Mix;
  seed: number;
  timeout: number;
  plain?: true;
  json?: true;
  color: boolean;
}

const EXAMPLES = `
Ways to end a connection, for --mix, each with an optional weight:
  clean   closing handshake            rst    RST
  fin     FIN without a close frame    cut    FIN in the middle of a frame
  stall   a peer that stops reading    kill   the peer's process is killed

Exit codes: 0 when every connection ended once, in time and with the right cause, 1 when not, 2 for wrong usage.

Examples:
  ws-linger stability                                start a server, run 200 connections against it
  ws-linger stability ws://localhost:8080            test a running echo server
  ws-linger stability --connections 2000 --mix rst   resets only
  ws-linger stability --mix clean=1,rst=3 --seed 7   the same run again
  ws-linger stability --plain                        what plain ws leaves open`;

export function stabilityCommand(): Command {
  return new Command('stability')
    .description('open many connections, end most of them abruptly, and check how each one ended')
    .argument('[url]', 'an echo server, ws:// or wss://; without it one is started', parseUrl)
    .option('--connections <n>', 'connections, all open at the same time', wholeNumber(1, 100_000), 200)
    .option(
      '--messages <n>',
      'numbered messages per connection, and as many again where it ends cleanly',
      wholeNumber(0, 1_000_000),
      10,
    )
    .option('--mix <list>', `ways to end: ${SCENARIOS.join(', ')}`, mix, DEFAULT_MIX)
    .option('--seed <n>', 'order in which they are dealt out', wholeNumber(0, 2 ** 31 - 1), 1)
    .option(
      '--timeout <ms>',
      'how long opening, exchanging and ending may take each',
      wholeNumber(1, 2 ** 31 - 1),
      15_000,
    )
    .option('--plain', 'start plain ws as the server, to see what it does not do')
    .option('--json', 'print one JSON object')
    .option('--no-color', 'no colours; NO_COLOR in the environment does the same')
    .addHelpText('after', EXAMPLES)
    .action(async (url: string | undefined, flags: Flags, command: Command) => {
      if (url && flags.plain) command.error('error: --plain starts a server of its own, so it goes without a url');
      process.exitCode = 1; // until there is a verdict
      const result = await runWithProgress(url, flags);
      console.log(flags.json ? JSON.stringify(result, null, 2) : render(result, pc.createColors(useColor(flags))));
      process.exitCode = result.pass ? 0 : 1;
    });
}

async function runWithProgress(url: string | undefined, flags: Flags): Promise<StabilityResult> {
  const { connections, messages, mix, seed, timeout, plain = false } = flags;
  const bar = process.stderr.isTTY && !flags.json ? progressBar() : null;
  bar?.start(connections, 0, { phase: 'open' });
  try {
    return await runStability({
      url,
      plain,
      connections,
      messages,
      mix,
      seed,
      timeout,
      onProgress: (phase, done) => bar?.update(done, { phase }),
    });
  } finally {
    bar?.stop();
  }
}

function progressBar(): SingleBar {
  return new SingleBar({
    format: '{phase} {bar} {value}/{total} connections',
    formatValue: (value, _options, type) => (type === 'value' ? String(value) : String(value)),
    clearOnComplete: true,
    stream: process.stderr,
  });
}

function useColor({ color }: Flags): boolean {
  return color && pc.isColorSupported && process.stdout.isTTY === true;
}

const SERVER: Record<StabilityResult['control'], string> = {
  native: 'ws-linger, native',
  portable: 'ws-linger, portable',
  plain: 'plain ws',
  foreign: 'as given',
};

type Colors = ReturnType<typeof pc.createColors>;

function render(result: StabilityResult, colors: Colors): string {
  const { connections, messages, leaked, connectMs, closeMs } = result;
  const table = new Table({ style: { head: [], border: [] } });
  const mark = (good: boolean, text: string) => (good ? text : colors.red(text));
  const seen = (count: number | null) => (count === null ? 'not visible' : String(count));
  table.push(
    { Server: `${SERVER[result.control]}, Node ${result.node} on ${result.platform}, seed ${result.seed}` },
    {
      Connections: mark(
        connections.failed === 0,
        `${connections.opened} of ${connections.attempted} opened, ${percent(result.successRate)} ended as they should`,
      ),
    },
    {
      Messages: mark(messages.lost === 0, `${messages.sent} sent, ${messages.received} echoed, ${messages.lost} lost`),
    },
    {
      'Ends, both sides': Object.entries(result.kinds)
        .map(([kind, n]) => `${kind} ${n}`)
        .join('\n'),
    },
    { Unexplained: mark(result.unexplained === 0, String(result.unexplained)) },
    { 'Uncaught errors': mark(result.uncaught === 0, String(result.uncaught)) },
    {
      'Left over': mark(
        !leaked.clients && !leaked.handles,
        `clients ${seen(leaked.clients)}, handles ${seen(leaked.handles)}`,
      ),
    },
    { Connecting: `p50 ${connectMs.p50} ms, p99 ${connectMs.p99} ms` },
    { Ending: `p50 ${closeMs.p50} ms, p99 ${closeMs.p99} ms, max ${closeMs.max} ms` },
  );
  const verdict = result.pass
    ? colors.green('PASS: every connection ended once, in time and with a known cause.')
    : colors.red('FAIL');
  return [table.toString(), ...result.problems.map((problem) => `  ${problem}`), verdict].join('\n');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share === 1 ? 0 : 2)} %`;
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

function mix(text: string): Mix {
  try {
    return parseMix(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function parseUrl(text: string): string {
  if (!URL.canParse(text) || !/^wss?:$/.test(new URL(text).protocol)) {
    throw new InvalidArgumentError('It must be a ws:// or wss:// address.');
  }
  return text;
}
