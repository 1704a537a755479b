#!/usr/bin/env node

// npm run test:native-cycles [-- N]: looks up and aborts N connections (by default 100,000) one after another on Windows Node,
// under Wine unless this is Windows. Fails when the process has more handles or memory afterwards.

const { spawnSync } = require('node:child_process');
const { randomUUID } = require('node:crypto');
const path = require('node:path');
const { root } = require('./steps.js');
const { runWindowsNode } = require('./windows-node.js');

const cycles = process.argv[2] ?? '100000';
const args = [
  '--expose-gc',
  '--max-semi-space-size=1',
  path.join('dist-test', 'edges', 'cycles.js'),
  cycles,
  randomUUID(),
];

function report({ code, output }) {
  if (!output.startsWith('{')) throw new Error(`the process ended with ${code}\n${output}`);
  const { samples, problems, ...rest } = JSON.parse(output);
  console.table(samples);
  console.log(rest);
  for (const problem of problems) console.log(`PROBLEM ${problem}`);
  process.exitCode = code === 0 ? 0 : 1;
}

if (process.platform === 'win32') {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  report({ code: status, output: stdout + stderr });
} else {
  runWindowsNode(args, { cwd: root, quiet: true }).then(report);
}
