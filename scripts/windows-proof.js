#!/usr/bin/env node

// npm run test:windows-proof: tests on Windows, with Node 20 or newer, what docs/windows.md claims about Windows. Elsewhere it
// reports that nothing was proven, and exits with 0. WS_LINGER_PROOF_ON_WINE=1 runs it under Wine, which tests the tests only.

const fs = require('node:fs');
const path = require('node:path');
const { isWine } = require('../dist-test/support/wine.js');
const { root, runNode } = require('./steps.js');
const { runWindowsNode } = require('./windows-node.js');

const folder = path.join('dist-test', 'windows-proof');
const files = fs.readdirSync(path.join(root, folder)).filter((file) => file.endsWith('.test.js'));
const args = ['--test', '--test-force-exit', '--test-timeout=120000', '--test-reporter=spec'];
args.push(...files.map((file) => path.join(folder, file)));

const onWine = process.env.WS_LINGER_PROOF_ON_WINE === '1';
const windows = process.platform === 'win32';
if (windows && (!isWine() || onWine)) {
  process.exitCode = runNode(args);
} else if (onWine) {
  console.log('UNDER WINE: this tests the tests only. It proves nothing about Windows.\n');
  runWindowsNode(args, { cwd: root }).then(({ code }) => {
    process.exitCode = code === 0 ? 0 : 1;
  });
} else {
  const here = windows ? 'Wine' : process.platform;
  console.log(
    `NOT RUN: this is ${here}. Only Windows can prove what docs/windows.md claims about it. Nothing was proven.`,
  );
  console.log('WS_LINGER_PROOF_ON_WINE=1 runs it under Wine, to test the tests.');
}
