#!/usr/bin/env node

// npm run fuzz [-- --minutes N] [--replay FILE] [TARGET…]
//
// Coverage-guided fuzzing: each target of test/fuzz/ (Jazzer.js) and native/fuzz/ (libFuzzer with AddressSanitizer and
// UndefinedBehaviorSanitizer) for N minutes, two at a time. Prints what each has reached; fails on a crash, whose input stays
// in .fuzz/. --replay gives one input to one target. A crash that was mended stays tested: its input goes into the target's
// corpus, which `npm test` and `npm run check:native` replay. What a run finds is kept in .fuzz/ for the next.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const Table = require('cli-table3');
const { NATIVE_TARGETS, buildTarget } = require('./native-fuzz.js');
const { compile, root, toolchain } = require('./steps.js');
const { wineRoot } = require('./windows-node.js');

const JOBS = 2;
/** Longer than any input of a corpus. */
const MAX_LEN = 4_096;
/** An input that takes so many seconds never ends. */
const INPUT_LIMIT = 30;

const work = path.join(root, '.fuzz');
const { values, positionals: names } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, replay: { type: 'string' } },
  allowPositionals: true,
});

/** The targets of test/fuzz/, by their names. */
const scriptTargets = () =>
  fs
    .readdirSync(path.join(root, 'test', 'fuzz'))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => path.basename(file, '.ts'));

/** The file of Jazzer.js is made for glibc 2.38. An older Debian runs Node by the loader of the Debian 13 folder that has Wine. */
function nodeCommand() {
  const { glibcVersionRuntime: version = '0' } = process.report.getReport().header;
  if (version.localeCompare('2.38', 'en', { numeric: true }) >= 0) return [process.execPath];
  toolchain('windows');
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const libraries = path.join(wineRoot, 'lib', `${machine}-linux-gnu`);
  if (!fs.existsSync(libraries))
    throw new Error('Jazzer.js needs glibc 2.38, or the folder that `toolchain.sh windows` makes');
  const [loader] = fs.readdirSync(libraries).filter((file) => file.startsWith('ld-linux-'));
  const own = `/usr/lib/${machine}-linux-gnu`; // of libstdc++
  return [path.join(libraries, loader), '--library-path', `${libraries}:${own}`, process.execPath];
}

/** All targets: the command of each, to which libFuzzer's arguments are added, and the folder of its corpus. */
function targets() {
  const node = nodeCommand();
  const jazzer = path.join(root, 'node_modules', '@jazzer.js', 'core', 'dist', 'cli.js');
  const instrumented = [path.join(root, 'dist/'), path.join(root, 'node_modules', 'ws-upstream', 'lib')];
  const options = [
    ...instrumented.flatMap((part) => ['-i', part]),
    '-e',
    'nothing',
    '--disable_bug_detectors=.*',
    `--timeout=${1_000 * INPUT_LIMIT}`,
    '--',
  ];
  const scripts = scriptTargets().map((name) => ({
    name,
    command: [...node, jazzer, path.join('dist-test', 'fuzz', name), ...options],
    corpus: path.join('test', 'fuzz', 'corpus', name),
  }));
  const natives = NATIVE_TARGETS.map((target) => ({
    name: target.name,
    build: () => buildTarget(target, root, path.join(work, target.name)),
    command: [path.join(work, target.name)],
    corpus: path.join('native', 'fuzz', 'corpus', target.name),
  }));
  return [...scripts, ...natives];
}

function run([program, ...args], onOutput) {
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', onOutput);
  child.stderr.on('data', onOutput);
  return new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
}

/** Fuzzes one target, and returns a row of the table. */
async function fuzz({ name, command, corpus }, seconds) {
  const found = path.join(work, 'corpus', name);
  const crashes = path.join(work, 'crashes', name);
  for (const folder of [found, crashes]) fs.mkdirSync(folder, { recursive: true });
  const known = new Set(fs.readdirSync(crashes));
  let output = '';
  const began = Date.now();
  const code = await run(
    [
      ...command,
      found,
      corpus,
      `-max_total_time=${seconds}`,
      `-max_len=${MAX_LEN}`,
      `-timeout=${INPUT_LIMIT}`,
      `-artifact_prefix=${crashes}${path.sep}`,
      '-print_final_stats=1',
      // A pull request does not fail by chance: its inputs begin the same each time.
      ...(process.env.CI === 'true' ? ['-seed=1'] : []),
    ],
    (chunk) => {
      output += chunk;
      if (output.length > 1_000_000) output = output.slice(-500_000);
    },
  );
  const inputs = fs.readdirSync(crashes).filter((file) => !known.has(file));
  const executions = /number_of_executed_units: (\d+)/.exec(output)?.[1];
  // What it tests may have ended the process.
  const endedEarly = executions === undefined && Date.now() - began < 1_000 * seconds;
  const failed = code !== 0 || inputs.length > 0 || endedEarly;
  if (executions === undefined) console.log(`\n=== ${name} did not say how often it ran\n${output.slice(-2_000)}`);
  if (failed) console.log(`\n=== ${name} failed (exit code ${code})\n${reasonIn(output)}`);
  for (const input of inputs) {
    const file = path.relative(root, path.join(crashes, input));
    console.log(`The input is ${file}. Again: npm run fuzz -- ${name} --replay ${file}`);
  }
  const [, coverage = '-', features = '-', size = '-'] =
    [...output.matchAll(/cov: (\d+) ft: (\d+) corp: (\d+)/g)].at(-1) ?? [];
  const rate = /average_exec_per_sec: +(\d+)/.exec(output)?.[1] ?? '-';
  return {
    failed,
    row: [name, executions ?? '-', rate, coverage, features, size, failed ? Math.max(1, inputs.length) : 0],
  };
}

/** What the target or a sanitizer said, without the input, which is in a file. */
function reasonIn(output) {
  const from = output.search(/^==\d+==|^ALARM/m);
  const lines = (from < 0 ? output.slice(-4_000) : output.slice(from)).split('\n');
  return lines
    .slice(0, 60)
    .map((line) => line.slice(0, 300))
    .join('\n');
}

const HEADER = ['target', 'executions', 'per second', 'coverage', 'features', 'corpus', 'crashes'];

function print(rows) {
  const colAligns = HEADER.map((_, column) => (column === 0 ? 'left' : 'right'));
  const table = new Table({ head: HEADER, colAligns, style: { head: [], border: [], compact: true } });
  table.push(...rows);
  console.log(table.toString());
}

async function main() {
  if (process.platform !== 'linux') {
    console.log('NOT RUN: fuzzing needs Linux. npm test replays the corpus.');
    process.exitCode = process.env.CI === 'true' ? 1 : 0;
    return;
  }
  const picked = targets().filter(({ name }) => names.length === 0 || names.includes(name));
  if (picked.length === 0 || picked.length < names.length) throw new Error(`no target is called ${names.join(' or ')}`);
  if (values.replay !== undefined && picked.length !== 1) throw new Error('--replay needs the name of its target');
  const seconds = Math.round(60 * Number(values.minutes));
  if (!(seconds > 0)) throw new Error('--minutes needs a number');
  if (picked.some(({ build }) => build)) toolchain('native');
  compile();
  fs.mkdirSync(work, { recursive: true });
  for (const { build } of picked) build?.();
  if (values.replay !== undefined) {
    process.exitCode = await run([...picked[0].command, values.replay], (chunk) => process.stdout.write(chunk));
    return;
  }
  const results = new Map();
  const queue = [...picked];
  const worker = async () => {
    for (let target = queue.shift(); target; target = queue.shift()) {
      results.set(target.name, await fuzz(target, seconds));
      console.log(`${target.name}: ${results.get(target.name).failed ? 'FAILED' : 'no crash'}`);
    }
  };
  await Promise.all(Array.from({ length: JOBS }, worker));
  const ordered = picked.map(({ name }) => results.get(name));
  print(ordered.map(({ row }) => row));
  process.exitCode = ordered.some(({ failed }) => failed) ? 1 : 0;
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
