#!/usr/bin/env node

// npm run test:windows-proof: tests on Windows, with Node 20 or newer, what docs/windows.md claims about Windows. Elsewhere it
// reports that nothing was proven, and exits with 0. WS_LINGER_PROOF_ON_WINE=1 runs it under Wine, which tests the tests only.

const { isWine } = require('../dist-test/support/wine.js');
const { root, runNode, testsIn } = require('./steps.js');
const { runWindowsNode } = require('./windows-node.js');

const options = ['--test-force-exit', '--test-timeout=120000', '--test-reporter=spec'];
const args = ['--test', ...options, ...testsIn('windows-proof')];

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
