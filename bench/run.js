#!/usr/bin/env node

// npm run bench [-- NAME… --quick --windows]: answers the questions of bench/ with measurements on this machine's Node, or on
// Windows Node under Wine. Either takes the better part of an hour for all questions; --quick takes a minute or two.
//
// Each other file of this folder is a question. It exports what is asked, the contestants, the cases, the goals, and a measure()
// that a process of its own calls for one contestant. harness/ does the rest, and results/ keeps the figures, from which
// `npm run bench:docs` writes docs/benchmarks.md and docs/benchmarks/. The libraries that are compared are in bench/package.json, which this installs.

const fs = require('node:fs');
const path = require('node:path');
const { Command, InvalidArgumentError } = require('commander');
const { installPeers } = require('./harness/install.js');
const { wineEnvironment } = require('./harness/machine.js');

const names = fs
  .readdirSync(__dirname)
  .filter((file) => file.endsWith('.js') && file !== 'run.js')
  .map((file) => file.slice(0, -3));

function atLeastOne(value) {
  if (!/^[1-9]\d*$/.test(value)) throw new InvalidArgumentError('It must be an integer from 1.');
  return Number(value);
}

const program = new Command('bench')
  .description(
    'Measures ws-linger beside plain ws and other libraries, in turns, and keeps the figures in bench/results.',
  )
  .argument('[names...]', `questions to answer: ${names.join(', ')} (default: all)`)
  .option('--quick', 'the smallest sizes, once: shows only that everything runs, and keeps nothing')
  .option('--json', 'print the figures as JSON')
  .option('--rounds <number>', 'how often to measure, in place of what each question says', atLeastOne)
  .option('--no-keep', 'do not change bench/results')
  .option('--windows', 'on Windows Node under Wine');

async function onWindows() {
  const { runWindowsNode } = require('../scripts/windows-node.js');
  const args = process.argv.slice(2).filter((arg) => arg !== '--windows');
  const options = { cwd: path.join(__dirname, '..'), onSpawn: (child) => process.once('SIGTERM', () => child.kill()) };
  const quiet = args.includes('--json');
  const script = path.join('bench', 'run.js');
  const { code, output } = await runWindowsNode([script, ...args], { ...options, env: wineEnvironment(), quiet });
  if (quiet) {
    // Logs of the servers come before the JSON in the same output.
    const json = Math.max(0, output.search(/^\[$/m));
    process.stderr.write(output.slice(0, json));
    process.stdout.write(output.slice(json));
  }
  process.exitCode = typeof code === 'number' ? code : 1;
}

async function here(asked, options) {
  const { ask } = require('./harness/ask.js');
  const { keep } = require('./harness/results.js');
  const { printResult } = require('./harness/print.js');
  const results = [];
  for (const name of asked) {
    const question = require(`./${name}.js`);
    const result = await ask(question, options);
    results.push(result);
    // A result with failures must not replace a complete one.
    if (options.keep && !options.quick && result.failures.length === 0) keep(result);
    if (!options.json) printResult(question, result, options);
  }
  const failures = results.flatMap(({ failures }) => failures);
  for (const failure of failures) console.error(`FAILED ${failure}`);
  if (options.json) console.log(JSON.stringify(results, null, 2));
  process.exitCode = failures.length > 0 ? 1 : 0;
}

async function main() {
  program.parse();
  const options = program.opts();
  const asked = program.args.length > 0 ? program.args : names;
  const unknown = asked.filter((name) => !names.includes(name));
  if (unknown.length > 0) program.error(`no such question: ${unknown.join(', ')}; there are ${names.join(', ')}`);
  // There is no npm and no compiler inside Wine, so the process outside prepares everything.
  if (!process.env.WS_LINGER_BENCH_WINE) {
    installPeers();
    for (const name of asked) await require(`./${name}.js`).prepare?.(options);
  }
  await (options.windows ? onWindows() : here(asked, options));
}

main();
