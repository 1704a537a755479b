#!/usr/bin/env node

// npm run test:deep [-- --seed N --runs N --path PATH --windows]
// Random sequences as in test/sequences.test.ts, many more of them: 20,000 here, or with --windows 1,000 under Wine.

const { execFileSync, spawnSync } = require('node:child_process');
const path = require('node:path');
const { runWindowsNode } = require('./windows-node.js');

const root = path.join(__dirname, '..');
const args = process.argv.slice(2);
const windows = args.includes('--windows');
const rest = args.filter((arg) => arg !== '--windows');
if (windows && !rest.includes('--runs')) rest.push('--runs', '1000');

for (const step of ['compile', 'compile:test'])
  execFileSync('npm', ['run', '--silent', step], { cwd: root, stdio: 'inherit' });
const script = [path.join('dist-test', 'deep.js'), ...rest];
if (windows) {
  runWindowsNode(script, { cwd: root }).then(({ code }) => {
    process.exitCode = code === 0 ? 0 : 1;
  });
} else {
  process.exitCode = spawnSync(process.execPath, script, { cwd: root, stdio: 'inherit' }).status ?? 1;
}
