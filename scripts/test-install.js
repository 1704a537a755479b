#!/usr/bin/env node

// npm run test:install | test:overrides | test:examples | test:runtimes [-- NAME…]
//
// Packs the package, installs it as users do into projects outside the repository, and runs it there on this machine's
// Node and on Windows Node under Wine. The first argument is the folder of test/ to run, NAME picks files of it. With
// CI=true a missing Wine is a failure.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.join(__dirname, '..');

/** Whether Windows Node can run here, once what it needs has been put in place. */
function prepareWindows() {
  try {
    execFileSync(path.join(__dirname, 'toolchain.sh'), ['windows'], { stdio: ['ignore', 2, 2] });
    return true;
  } catch (error) {
    if (process.env.CI === 'true') throw error;
    console.log('NOT RUN: everything on Windows');
    return false;
  }
}

const windows = prepareWindows();
const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-linger-install-'));
try {
  execFileSync('npm', ['pack', '--silent', '--pack-destination', temporary], { cwd: root, stdio: ['ignore', 2, 2] });
  execFileSync('npm', ['run', '--silent', 'compile:test'], { cwd: root, stdio: 'inherit' });
  const [suite, ...names] = process.argv.slice(2);
  const folder = path.join('dist-test', suite);
  const tests = fs
    .readdirSync(path.join(root, folder))
    .filter((file) => file.endsWith('.test.js'))
    .filter((file) => names.length === 0 || names.some((name) => file.startsWith(name)))
    .map((file) => path.join(folder, file));
  const env = { ...process.env, WS_LINGER_TEST_INSTALL: temporary, WS_LINGER_TEST_WINDOWS: windows ? '1' : '0' };
  // The limit is for a whole file, too.
  const args = ['--test', '--test-timeout=600000', '--test-reporter=spec', ...tests];
  process.exitCode = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' }).status ?? 1;
} finally {
  fs.rmSync(temporary, { recursive: true, force: true });
}
