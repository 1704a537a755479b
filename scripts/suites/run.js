// Runs a project's tests on this machine's Node or on Windows Node under Wine, and collects the result of each.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { runWindowsNode } = require('../windows-node.js');

/** `patience`: a process that reports no test for so many ms counts as hung. It is longer than one test may take. */
const RUNNERS = {
  mocha: {
    patience: 30_000,
    reporter: 'mocha-reporter.cjs',
    args: ({ args = [] }) => ['node_modules/mocha/bin/mocha.js', ...args, '--reporter', './mocha-reporter.cjs'],
  },
  node: {
    patience: 150_000,
    reporter: 'node-reporter.mjs',
    args: () => [
      '--test',
      '--test-timeout=120000',
      '--test-reporter=./node-reporter.mjs',
      '--test-reporter-destination=results.jsonl',
    ],
  },
};

/** Resolves with a map from each test's name to `{ passed, error }`. */
async function runSuite(suite, files, folder, platform) {
  const { reporter, args, patience } = RUNNERS[suite.runner];
  const results = path.join(folder, 'results.jsonl');
  fs.rmSync(results, { force: true });
  fs.copyFileSync(path.join(__dirname, reporter), path.join(folder, reporter));
  const output = path.join(folder, `output-${platform}.txt`);
  const watch = (child) => watchProgress(child, results, patience);
  const run = platform === 'windows' ? onWindows : here;
  const ended = await run([...args(suite), ...files], folder, output, watch);

  const found = new Map();
  const lines = fs.existsSync(results) ? fs.readFileSync(results, 'utf8').split('\n') : [];
  for (const line of lines.filter(Boolean)) {
    const { name, passed, error } = JSON.parse(line);
    let unique = name;
    for (let n = 2; found.has(unique); n++) unique = `${name} (${n})`;
    found.set(unique, { passed, error });
  }
  if (found.size === 0) throw new Error(`no test ran, see ${output}`);
  found.set('and the process ends', { passed: ended, error: 'the process was killed' });
  return found;
}

/** Runs them on this machine's Node. Resolves with whether the process ended by itself. */
function here(args, cwd, output, watch) {
  const file = fs.openSync(output, 'w');
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', file, file] });
  fs.closeSync(file);
  const watched = watch(child);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve(watched()));
  });
}

/** Runs them on Windows Node. Resolves with the same. */
async function onWindows(args, cwd, file, watch) {
  let watched = () => true;
  const onSpawn = (child) => {
    watched = watch(child);
  };
  const { output } = await runWindowsNode(args, { cwd, quiet: true, onSpawn });
  fs.writeFileSync(file, output);
  return watched();
}

/** How long its first test may take to come: under Wine, on a busy machine, a runner loads its files for a minute. In ms. */
const START_MS = 180_000;

/** Kills a process that makes no progress. Returns a function that stops this and returns whether it was not needed. */
function watchProgress(child, results, patience) {
  let size = 0;
  let since = Date.now();
  let hung = false;
  const timer = setInterval(() => {
    const now = fs.existsSync(results) ? fs.statSync(results).size : 0;
    if (now !== size) {
      size = now;
      since = Date.now();
    } else if (Date.now() - since > (size === 0 ? START_MS : patience)) hung ||= child.kill();
  }, 1_000);
  return () => {
    clearInterval(timer);
    return !hung;
  };
}

module.exports = { runSuite };
