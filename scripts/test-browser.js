#!/usr/bin/env node

// npm run test:browser [-- --linux | --windows]
//
// Runs test/browser/ in headless Chromium: the demo with its server on this machine's Node and on Windows Node under Wine, and
// the report of a stability run and the site of docs/ once. WS_LINGER_SCREENSHOTS=FOLDER keeps pictures of all three.

const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { npmRun, root, runNode, toolchain } = require('./steps.js');

const RUNS = [
  { server: 'linux', files: ['demo.test.js', 'report.test.js', 'site.test.js'] },
  { server: 'windows', files: ['demo.test.js'] },
];

const { values } = parseArgs({ options: { linux: { type: 'boolean' }, windows: { type: 'boolean' } } });
const picked = RUNS.filter(({ server }) => values[server] || Object.keys(values).length === 0);

toolchain('browser');
npmRun('compile', 'docs:build');
execFileSync('npx', ['--no-install', 'tsc', '-p', 'test/browser'], { cwd: root, stdio: 'inherit' });
for (const { server, files } of picked) {
  console.log(`\n=== Chromium, the server on ${server}`);
  const paths = files.map((file) => path.join('dist-test', 'browser', file));
  const args = ['--test', '--test-timeout=180000', '--test-reporter=spec', ...paths];
  if (runNode(args, { WS_LINGER_TEST_SERVER: server }) !== 0) process.exitCode = 1;
}
