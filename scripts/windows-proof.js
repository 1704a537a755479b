#!/usr/bin/env node

// npm run test:windows-proof: proves on Windows, with Node 20 or newer, what docs/windows.md claims of it. Elsewhere it says that
// nothing was proven and ends well. WS_LINGER_PROOF_ON_WINE=1 runs it under Wine, which checks the tests and no claim.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { isWine } = require('../dist-test/support/wine.js');
const { runWindowsNode } = require('./windows-node.js');

const root = path.join(__dirname, '..');
const folder = path.join('dist-test', 'windows-proof');
const files = fs.readdirSync(path.join(root, folder)).filter((file) => file.endsWith('.test.js'));
const args = ['--test', '--test-force-exit', '--test-timeout=120000', '--test-reporter=spec'];
args.push(...files.map((file) => path.join(folder, file)));

const onWine = process.env.WS_LINGER_PROOF_ON_WINE === '1';
const windows = process.platform === 'win32';
if (windows && (!isWine() || onWine)) {
  process.exitCode = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
} else if (onWine) {
  console.log('UNDER WINE: this checks the tests themselves. Nothing here is proven of Windows.\n');
  runWindowsNode(args, { cwd: root }).then(({ code }) => {
    process.exitCode = code === 0 ? 0 : 1;
  });
} else {
  const here = windows ? 'Wine' : process.platform;
  console.log(`NOT RUN: this is ${here}, and only Windows can prove what docs/windows.md claims. Nothing was proven.`);
  console.log('WS_LINGER_PROOF_ON_WINE=1 runs it under Wine, to check the tests themselves.');
}
