#!/usr/bin/env node

// npm run test:install | test:overrides | test:examples | test:runtimes | test:installed (these four) | test:programs [-- NAME…]
//
// Packs the package, installs it as users do into projects outside the repository, and runs it there on this machine's Node
// and on Windows Node under Wine. package.json gives the folders of test/ as the first argument; a NAME picks files of it by
// the beginning of their names. A missing Wine is reported; with CI=true it is a failure. test:installed, which .ci/run has, leaves
// out the examples that are marked as weekly.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { npmRun, root, runNode, testsIn, toolchain } = require('./steps.js');

const [folders, ...names] = process.argv.slice(2);
const suites = folders.split(',');
const isLong = suites.includes('programs');

/** Installs a part of toolchain.sh. Returns whether that was possible. */
function prepare(part, tests) {
  try {
    toolchain(part);
    return true;
  } catch (error) {
    if (process.env.CI === 'true') throw error;
    console.log(`NOT RUN: ${tests}`);
    return false;
  }
}

const windows = prepare('windows', 'all tests on Windows');
const browser = isLong && prepare('browser', 'all tests with Chromium');
const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-linger-install-'));
try {
  execFileSync('npm', ['pack', '--silent', '--pack-destination', temporary], { cwd: root, stdio: ['ignore', 2, 2] });
  npmRun('compile:test');
  const tests = suites
    .flatMap(testsIn)
    .filter((file) => names.length === 0 || names.some((name) => path.basename(file).startsWith(name)));
  const flag = (can) => (can ? '1' : '0');
  const env = {
    WS_LINGER_TEST_INSTALL: temporary,
    WS_LINGER_TEST_WINDOWS: flag(windows),
    WS_LINGER_TEST_BROWSER: flag(browser),
    WS_LINGER_TEST_WEEKLY: flag(suites.length === 1),
  };
  // Node applies this limit to a whole file as well as to each test.
  const limit = isLong ? 1_200_000 : 600_000;
  const args = ['--test', '--test-concurrency=2', `--test-timeout=${limit}`, '--test-reporter=spec', ...tests];
  process.exitCode = runNode(args, env);
} finally {
  fs.rmSync(temporary, { recursive: true, force: true });
}
