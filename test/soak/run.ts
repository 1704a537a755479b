/** npm run soak: runs the process under test and its peers, passes on what they tell each other, and reports. Exit code 1 on failure. */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { judge } from './judge.js';
import type { FromPeers, FromSubject, Outcome, Sample, Setup } from './messages.js';

/** The process under test hangs when it tells nothing for so long, in ms. */
const PATIENCE_MS = 90_000;
const MB = 2 ** 20;

/** A process whose stderr is a pipe that nobody reads. */
function start(script: string, ...args: string[]): ChildProcess {
  // The last argument tells the process from others: systemHandles() needs that under Wine.
  return fork(join(__dirname, script), [...args, randomUUID()], {
    execArgv: ['--expose-gc', '--no-warnings'],
    stdio: ['ignore', 'ignore', unreadPipe(), 'ipc'],
  });
}

/** On Unix a named pipe, since Node's own 'pipe' is a socket there. */
function unreadPipe(): number | 'pipe' {
  if (process.platform === 'win32') return 'pipe';
  const folder = mkdtempSync(join(tmpdir(), 'ws-linger-soak-'));
  const file = join(folder, 'stderr');
  execFileSync('mkfifo', [file]);
  const fd = openSync(file, constants.O_RDWR);
  rmSync(folder, { recursive: true });
  return fd;
}

async function soak(
  setup: Setup,
  show: (sample: Sample) => void,
): Promise<{ samples: Sample[]; problems: string[]; outcome: Outcome | null }> {
  const [samples, problems]: [Sample[], string[]] = [[], []];
  let outcome: Outcome | null = null;
  const peers = start('peers.js', JSON.stringify(setup));
  const [{ port }] = (await once(peers, 'message')) as [FromPeers];
  const subject = start('subject.js', JSON.stringify(setup), String(port));
  let watchdog: NodeJS.Timeout | undefined;
  const alive = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => {
      problems.push(`the process under test said nothing for ${PATIENCE_MS / 1_000} s, and was killed`);
      subject.kill('SIGKILL');
    }, PATIENCE_MS);
  };
  alive();
  subject.on('message', (message: FromSubject) => {
    alive();
    if (message.type === 'targets') peers.send(message);
    // On Windows a process ends by itself only when its last write has been taken.
    else if (message.type === 'drained') subject.stderr?.resume();
    else if (message.type === 'outcome') outcome = message.outcome;
    else show(samples[samples.push(message.sample) - 1] as Sample);
  });
  peers.once('exit', (code) => subject.exitCode === null && problems.push(`the peers' process ended with ${code}`));
  const [code, signal] = await once(subject, 'exit');
  clearTimeout(watchdog);
  if (code !== 0) problems.push(`the process under test ended with ${code ?? signal}`);
  peers.disconnect();
  return { samples, problems, outcome };
}

const COLUMNS: [string, (sample: Sample) => number | string][] = [
  ['s', ({ seconds }) => seconds],
  ['ends', ({ ends }) => ends],
  ['open', ({ connections }) => connections],
  ['lingering', ({ lingering }) => lingering],
  ['heap MB', ({ heap }) => (heap / MB).toFixed(1)],
  ['RSS MB', ({ rss }) => (rss / MB).toFixed(0)],
  ['handles', ({ handles }) => handles],
  ['timers', ({ timers }) => timers],
  ['sockets', ({ sockets }) => sockets],
  ['WebSockets', ({ webSockets }) => webSockets],
  ['descriptors', ({ descriptors }) => descriptors],
  ['stall ms', ({ stall }) => stall],
];

const row = (cells: (string | number)[]) =>
  cells.map((cell, i) => String(cell).padStart((COLUMNS[i]?.[0].length ?? 0) + 2)).join('');

const short = (value: number) => (value < MB ? value : `${(value / MB).toFixed(1)} MB`);

async function main(): Promise<void> {
  const setup = JSON.parse(process.argv[2] as string) as Setup;
  console.log(`node ${process.version} on ${process.platform}, seed ${setup.seed}, ${setup.rate} connections a second`);
  console.log(row(COLUMNS.map(([name]) => name)));
  const { samples, problems, outcome } = await soak(setup, (sample) =>
    console.log(row(COLUMNS.map(([, of]) => of(sample)))),
  );
  const verdict = judge(samples);
  const table = new Table({
    head: ['', 'first third', 'last third', 'may grow by', ''],
    style: { head: [], border: [], compact: true },
  });
  for (const { what, first, last, allowed, isFlat } of verdict.rows)
    table.push([what, ...[first, last, allowed].map(short), isFlat ? 'flat' : 'GROWS']);
  console.log(table.toString());
  const counts = Object.entries(outcome?.counts ?? {}).sort(([, a], [, b]) => b - a);
  console.log(counts.map(([what, count]) => `${what} ${count}`).join(', '));
  const all = [...problems, ...(outcome?.problems ?? ['it told no outcome']), ...verdict.problems];
  for (const problem of all) console.log(`PROBLEM ${problem}`);
  const { ends, seconds } = samples.at(-1) ?? { ends: 0, seconds: 1 };
  console.log(
    `${all.length === 0 ? 'steady' : 'NOT STEADY'}: ${ends} ends in ${seconds} s, ${Math.round(ends / seconds)} a second`,
  );
  process.exitCode = all.length === 0 ? 0 : 1;
}

main();
