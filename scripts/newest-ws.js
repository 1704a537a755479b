#!/usr/bin/env node

// npm run newest-ws: installs the newest ws 8 and its types in place of the locked ones, tests the package with it (40 min), and
// writes newest-ws.md where it is a version that the lock file does not name, or a test fails. In GitHub's workflow newest-ws.yml
// the step's output `report` says whether there is one. `npm ci` takes it back.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { npm, root } = require('./steps.js');
const { newestReport } = require('./suites/newest-report.js');

const COMMANDS = ['npm run check:package', 'npm test -- --linux', `npm run test:suites -- --linux "ws's own"`];
const file = path.join(root, 'newest-ws.md');

function installedVersion() {
  return JSON.parse(fs.readFileSync(path.join(root, 'node_modules', 'ws-upstream', 'package.json'), 'utf8')).version;
}

/** Runs a command, shows what it prints, and resolves with it. A command that fails does not keep the next from running. */
function run(command) {
  const child = spawn(command, { cwd: root, shell: true, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
    process.stdout.write(chunk);
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ command, code, output })));
}

async function main() {
  const locked = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  const packages = ['ws-upstream@npm:ws@8', '@types/ws-upstream@npm:@types/ws@8'];
  npm(['install', '--no-save', '--no-audit', '--no-fund', ...packages], { stdio: 'inherit' });
  const results = [];
  for (const command of COMMANDS) results.push(await run(command));
  const versions = { locked: locked.packages['node_modules/ws-upstream'].version, newest: installedVersion() };
  const report = newestReport({ ...versions, results });
  fs.rmSync(file, { force: true });
  if (report) fs.writeFileSync(file, report);
  if (report && process.env.GITHUB_OUTPUT) fs.appendFileSync(process.env.GITHUB_OUTPUT, 'report=yes\n');
  console.log(report ?? `ws ${versions.newest} is locked, and all tests pass`);
  process.exitCode = results.every(({ code }) => code === 0) ? 0 : 1;
}

main();
