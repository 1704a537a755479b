#!/usr/bin/env node

// npm run test:browser [-- --linux | --windows]
//
// Runs test/browser/ in headless Chromium: the demo against its server on this machine's Node, and on Windows Node under Wine;
// the report of a stability run once.

const { execFileSync, spawnSync } = require('node:child_process');
const path = require('node:path');

const root = path.join(__dirname, '..');
const asked = process.argv.slice(2);

const RUNS = [
  { server: 'linux', files: ['demo.test.js', 'report.test.js'] },
  { server: 'windows', files: ['demo.test.js'] },
];

execFileSync(path.join(__dirname, 'toolchain.sh'), ['browser'], { stdio: ['ignore', 2, 2] });
execFileSync('npm', ['run', '--silent', 'compile'], { cwd: root, stdio: 'inherit' });
execFileSync('npx', ['--no-install', 'tsc', '-p', 'test/browser'], { cwd: root, stdio: 'inherit' });
let failed = false;
for (const { server, files } of RUNS) {
  if (asked.length > 0 && !asked.includes(`--${server}`)) continue;
  console.log(`\n=== Chromium, the server on ${server}`);
  const paths = files.map((file) => path.join('dist-test', 'browser', file));
  const args = ['--test', '--test-timeout=180000', '--test-reporter=spec', ...paths];
  const env = { ...process.env, WS_LINGER_TEST_SERVER: server };
  const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' });
  failed ||= status !== 0;
}
process.exitCode = failed ? 1 : 0;
