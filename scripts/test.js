#!/usr/bin/env node

// npm test [-- --linux | --windows | --smoke | --here] [NAME…]
//
// Runs the tests on every platform that the package supports: this machine's Node, Windows Node under Wine with the addon
// and without it, and a smoke test on other Node versions. With --here, and on other systems than Linux, it runs them on this
// machine's Node alone. A NAME picks test files by the beginning of their path or name. A platform that cannot run is reported
// and left out; with CI=true it is a failure. CI reads the last line.

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { parseArgs } = require('node:util');
const { faultMatrix } = require('./fault-matrix.js');
const { compile, root, toolchain } = require('./steps.js');
const { makesNetworks, testFiles } = require('./test-files.js');
const { countTests, failedTests, failureDetails } = require('./test-output.js');
const { nodeBinary, runWindowsNode } = require('./windows-node.js');

const CI = process.env.CI === 'true';
const isRoot = process.getuid?.() === 0;

/** What is run without an option. The others run elsewhere than on Linux, too. */
const DEFAULTS = process.platform === 'linux' ? ['linux', 'windows', 'smoke'] : ['here'];
const { values, positionals: names } = parseArgs({
  options: Object.fromEntries(['linux', 'windows', 'smoke', 'here'].map((group) => [group, { type: 'boolean' }])),
  allowPositionals: true,
});
const groups = Object.keys(values).length > 0 ? Object.keys(values) : DEFAULTS;

const native = { WS_LINGER_TEST_CONTROL: 'native' };
const portable = { WS_LINGER_TEST_CONTROL: 'portable' };
const forcedPortable = { ...portable, WS_LINGER_NATIVE: '0' };

/** Every run: where, and with which files. */
const RUNS = [
  {
    group: 'here',
    name: `${process.platform}-${process.arch}, Node ${process.versions.node}`,
    env: process.platform === 'win32' ? native : portable,
    run: here(process.execPath),
  },
  { group: 'linux', name: `Linux, Node ${process.versions.node}`, env: portable, run: here(process.execPath) },
  { group: 'windows', name: 'Windows, Node 24, native', env: native, run: wine(24) },
  { group: 'windows', name: 'Windows, Node 24, portable', env: forcedPortable, run: wine(24) },
  ...[22, 24, 26].map((major) =>
    smoke(`Linux, Node ${major}`, portable, (...all) => here(nodeBinary('linux', major))(...all)),
  ),
  ...[22, 26].map((major) => smoke(`Windows, Node ${major}, native`, native, wine(major))),
];

function smoke(name, env, run) {
  return { group: 'smoke', name: `${name}, smoke test`, env, run, files: ['smoke.test.js'] };
}

function here(binary) {
  return (nodeArgs, env) =>
    new Promise((resolve, reject) => {
      const child = spawn(binary, nodeArgs, {
        cwd: root,
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.on('data', (chunk) => {
        output += chunk;
        process.stdout.write(chunk);
      });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, output }));
    });
}

function wine(major) {
  return (nodeArgs, env) => runWindowsNode(nodeArgs, { major, env, cwd: root });
}

/** Counts this machine's loopback TCP sockets that are not closed, Wine's included. Without `ss` it counts none. */
function openSockets() {
  const states = ['established', 'fin-wait-1', 'fin-wait-2', 'close-wait', 'last-ack', 'closing'];
  try {
    const list = execFileSync('ss', ['-tanH', ...states.flatMap((state) => ['state', state])], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return list
      .toString()
      .split('\n')
      .filter((line) => / (127\.0\.0\.1|\[::1\]|\[::ffff:127)/.test(line)).length;
  } catch {
    return 0;
  }
}

/** How many more sockets are open than before the tests, once those that are closing have had 10 s to do so. */
async function socketsLeft(before) {
  for (let tries = 0; tries < 50 && openSockets() > before; tries++) await delay(200);
  return openSockets() - before;
}

/** Runs the files of one run. Resolves with its line of the summary and, where it could run, with its output. */
async function runOne({ name, env, run }, tests) {
  console.log(`\n=== ${name}`);
  const began = Date.now();
  const args = [
    '--test',
    '--test-concurrency=2',
    '--test-force-exit',
    '--test-timeout=120000',
    '--test-reporter=spec',
    ...tests,
  ];
  try {
    const result = await run(args, env);
    const time = `${Math.round((Date.now() - began) / 1000)} s`;
    return { name, ...countTests(result, { skippedFails: CI }), time, output: result.output };
  } catch (error) {
    console.log(`cannot run: ${error.message}`);
    return { name, passed: 0, failed: CI ? 1 : 0, time: CI ? 'cannot run' : 'NOT RUN' };
  }
}

/** Prints the faults, the errors, a line for each run, the names of the failed tests, and the sum, which CI reads. */
function report(results) {
  const ran = results.filter(({ output }) => output !== undefined);
  console.log(`\n${faultMatrix(ran)}\n`);
  for (const result of ran) {
    const details = failureDetails(result);
    if (details) console.log(`=== failed on ${result.name}\n\n${details}\n`);
  }
  for (const { name, passed, failed, time } of results) {
    const counts = `${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed`;
    console.log(`${name.padEnd(40)} ${counts}   ${time}`);
  }
  for (const result of ran) {
    for (const line of failedTests(result)) console.log(`FAILED on ${result.name}: ${line}`);
  }
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  process.exitCode = sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
}

async function main() {
  if (isRoot && process.platform === 'linux') toolchain('network');
  // Everything is compiled anew: what an older source left behind must not run.
  fs.rmSync(path.join(root, 'dist-test'), { recursive: true, force: true });
  compile();
  const picked = testFiles(names);
  // The *.linux tests make network namespaces. Under CI they run in any case, and fail without root.
  const networks = groups.includes('linux') && (isRoot || CI);
  if (groups.includes('linux') && !networks) console.log('Not root, so the *.linux tests are left out.');

  const before = openSockets();
  const results = [];
  for (const run of RUNS.filter(({ group }) => groups.includes(group))) {
    const { group, files = picked } = run;
    const tests = files
      .filter((file) => picked.includes(file) && (!makesNetworks(file) || (group === 'linux' && networks)))
      .map((file) => path.join('dist-test', file));
    if (tests.length > 0) results.push(await runOne(run, tests));
  }

  // Outside CI other programs open sockets of this machine as they like.
  const left = CI ? await socketsLeft(before) : 0;
  if (left > 0) results.push({ name: `${left} TCP sockets are left open`, passed: 0, failed: 1, time: '' });
  report(results);
}

main();
