#!/usr/bin/env node

// npm run test:fast [-- NAME… --test-name-pattern=PATTERN]
//
// For the inner loop: compiles what has changed, and runs the quick test files side by side on this machine's Node. Takes
// under 30 s on two cores. A NAME picks files by the beginning of their path or name, slow ones too, and prints each test.
// Options that begin with --test- go to Node's test runner.

const { spawn, spawnSync } = require('node:child_process');
const os = require('node:os');
const path = require('node:path');
const { compile, root } = require('./steps.js');
const { makesNetworks, testFiles } = require('./test-files.js');
const { countTests, failedTests, failureDetails } = require('./test-output.js');

/** Files that are left out unless they are named, by why they are slow. `npm test` runs them all. */
const SLOW = {
  'connection/faults': 'waits 1.5 s for plain ws in each fault that plain ws never ends: 30 s',
  'connection/lingering': 'waits out deadlines of several seconds: 23 s',
  'connection/regressions': "waits out ws's own limit of 30 s: 90 s",
  'tools/stability': 'runs whole stability runs: 50 s',
  'tools/stability-library': 'runs whole stability runs: 18 s',
};

const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith('-'));
const names = args.filter((arg) => !arg.startsWith('-'));

function pick() {
  const files = testFiles(names).filter((file) => names.length > 0 || !makesNetworks(file));
  if (names.length > 0) return files;
  return files.filter((file) => !SLOW[file.replaceAll(path.sep, '/').replace('.test.js', '')]);
}

function run(files) {
  const nodeArgs = ['--test', '--test-force-exit', '--test-timeout=120000', '--test-reporter=spec'];
  // Tests wait more than they compute.
  nodeArgs.push(`--test-concurrency=${2 * os.availableParallelism()}`, ...options);
  nodeArgs.push(...files.map((file) => path.join('dist-test', file)));
  const control = process.platform === 'win32' ? 'native' : 'portable';
  const env = { ...process.env, WS_LINGER_TEST_CONTROL: control };
  const child = spawn(process.execPath, nodeArgs, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
    if (names.length > 0) process.stdout.write(chunk);
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })));
}

async function main() {
  const began = Date.now();
  compile();
  const files = pick();
  if (files.length === 0) throw new Error(`no test file is called ${names.join(' or ')}`);
  if (names.length === 0) console.log(`${files.length} files; what failed is printed at the end`);
  const result = await run(files);
  const details = failureDetails(result);
  if (details && names.length === 0) console.log(`${details}\n`);
  if (names.length === 0) console.log(`left out: ${Object.keys(SLOW).join(', ')} and *.linux; npm test runs them`);
  for (const line of failedTests(result)) console.log(`FAILED ${line}`);
  const { passed, failed } = countTests(result);
  console.log(`${passed} passed, ${failed} failed, ${Math.round((Date.now() - began) / 1000)} s`);
  process.exitCode = failed === 0 ? 0 : 1;
  if (names.length === 0) checkPages();
}

/** That the pages of docs/ that are made from the source are up to date. */
function checkPages() {
  for (const script of ['ends', 'faults', 'survival']) {
    const { status } = spawnSync(process.execPath, [path.join('scripts', `${script}.js`), '--check'], {
      cwd: root,
      stdio: 'inherit',
    });
    if (status !== 0) process.exitCode = 1;
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
