#!/usr/bin/env node

// npm run soak -- --hours N | --minutes N [--windows] [--seed N] [--rate N]
//
// Runs servers and clients of two copies of this package against faulty and slow peers in another process, and judges whether
// memory, handles, timers and descriptors stay flat and each connection ends once. Prints a line per round, a table and a
// verdict; fails unless it is steady. --windows runs it on Windows Node under Wine.

const path = require('node:path');
const { parseArgs } = require('node:util');
const { compile, root, runNode } = require('./steps.js');
const { runWindowsNode } = require('./windows-node.js');

const number = (of) => ({ type: 'string', default: of });
const options = {
  hours: number('0'),
  minutes: number('0'),
  seed: number('1'),
  rate: number(process.argv.includes('--windows') ? '25' : '200'), // Wine is slow
  windows: { type: 'boolean', default: false },
};
const { values } = parseArgs({ options });
const { hours, minutes, seed, rate } = Object.fromEntries(
  Object.entries(values).map(([name, of]) => [name, Number(of)]),
);
const trafficMs = (hours * 60 + minutes || 10) * 60_000;

async function main() {
  compile();
  const script = [path.join('dist-test', 'soak', 'run.js'), JSON.stringify({ seed, rate, trafficMs })];
  process.exitCode = values.windows ? (await runWindowsNode(script, { cwd: root })).code : runNode(script);
}

main();
