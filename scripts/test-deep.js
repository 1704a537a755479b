#!/usr/bin/env node

// npm run test:deep [-- --seed N --runs N --path PATH --windows]
//
// Runs test/connection/sequences.test.ts with many more random sequences: 20,000 on this machine's Node (25 minutes), or with
// --windows 1,000 under Wine. A failure prints the seed and the path that repeat it.

const path = require('node:path');
const { parseArgs } = require('node:util');
const { compile, root, runNode } = require('./steps.js');
const { runWindowsNode } = require('./windows-node.js');

const text = { type: 'string' };
const options = { seed: text, runs: text, path: text, windows: { type: 'boolean' } };
const { windows, ...values } = parseArgs({ options }).values;
if (windows) values.runs ??= '1000';

async function main() {
  compile();
  const args = Object.entries(values).map(([name, value]) => `--${name}=${value}`);
  const script = [path.join('dist-test', 'deep.js'), ...args];
  const code = windows ? (await runWindowsNode(script, { cwd: root })).code : runNode(script);
  process.exitCode = code === 0 ? 0 : 1;
}

main();
