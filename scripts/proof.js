#!/usr/bin/env node

// npm run proof: shows on a Windows machine, in some 15 minutes, what docs/windows.md claims of Windows, and writes what was
// found to windows-proof.txt. Elsewhere it shows nothing; WS_LINGER_PROOF_ON_WINE=1 runs all of it under Wine, which tests the
// proof itself.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { isWine } = require('../dist-test/support/wine.js');
const { root } = require('./steps.js');
const { runWindowsNode } = require('./windows-node.js');

const WINDOWS = process.platform === 'win32';
const ON_WINE = process.env.WS_LINGER_PROOF_ON_WINE === '1';
const REPORT = path.join(root, 'windows-proof.txt');
// Wine is slower: each system call goes through its server.
const CYCLES = ON_WINE ? '2000' : '100000';
const CONNECTIONS = ON_WINE ? '40' : '200';
const TEST = ['--test', '--test-force-exit', '--test-timeout=120000', '--test-reporter=spec'];
const CLI = path.join('dist', 'tools', 'cli', 'main.js');

function compiled(folder, pattern) {
  const names = fs.readdirSync(path.join(root, 'dist-test', folder)).filter((name) => pattern.test(name));
  return names.map((name) => path.join('dist-test', folder, name));
}

/** What is shown, in a sentence, and how. */
const STEPS = [
  ['The addon is used, and works on loopback', [CLI, 'doctor']],
  [
    'Connections are native over every transport, and other sockets are left alone',
    [...TEST, ...compiled('socket-control', /^(control|native|native-edges|socket-control)\.test\.js$/)],
  ],
  ['The Windows TCP stack does what docs/windows.md claims', [...TEST, ...compiled('windows-proof', /\.test\.js$/)]],
  [
    'abort() sends RST, also with process.exit() behind it',
    [...TEST, ...compiled('connection', /^abort.*\.test\.js$/)],
  ],
  [
    `${CYCLES} lookups and aborts leave nothing behind`,
    [
      ...['--expose-gc', '--max-semi-space-size=1', path.join('dist-test', 'edges', 'cycles.js')],
      ...[CYCLES, `proof-${process.pid}`],
    ],
  ],
  [`${CONNECTIONS} connections end as they should`, [CLI, 'stability', '--connections', CONNECTIONS]],
];

async function run(args) {
  const env = { WS_LINGER_TEST_CONTROL: 'native' };
  if (!WINDOWS) return runWindowsNode(args, { cwd: root, env });
  const { status, stdout } = spawnSync(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 256 * 1024 * 1024,
  });
  process.stdout.write(stdout);
  return { code: status, output: stdout };
}

/** The lines of the report on one step: of tests only the counts, what was observed and what failed. */
function summary(output) {
  const lines = output.split(/\r?\n/);
  if (!lines.some((line) => line.startsWith('ℹ tests '))) return lines.filter((line) => line.trim()).slice(-40);
  return lines.filter((line) => /^(ℹ (pass|fail|skipped) |\s*ℹ (Windows|Wine): |\s*✖ )/.test(line));
}

async function main() {
  if (!(WINDOWS && (ON_WINE || !isWine())) && !ON_WINE) {
    console.log('NOT RUN: only Windows can show what docs/windows.md claims about it. Nothing was proven.');
    console.log('WS_LINGER_PROOF_ON_WINE=1 runs it under Wine, to test the proof.');
    return;
  }
  const where = ON_WINE ? 'UNDER WINE: this tests the proof only, and proves nothing about Windows.' : os.version();
  const { version } = require('../package.json');
  const report = [`ws-linger ${version}, Node ${process.version}, ${process.arch}`, `${where} ${os.release()}`];
  let failed = 0;
  for (const [what, args] of STEPS) {
    console.log(`\n=== ${what}`);
    const { code, output } = await run(args);
    if (code !== 0) failed++;
    report.push('', `${code === 0 ? 'SHOWN' : 'NOT SHOWN'}: ${what}`, ...summary(output).map((line) => `  ${line}`));
  }
  report.push(
    '',
    failed === 0 ? `All ${STEPS.length} claims were shown.` : `${failed} of ${STEPS.length} claims were not shown.`,
  );
  fs.writeFileSync(REPORT, `${report.join('\n')}\n`);
  console.log(
    `\n${report.filter((line) => /^(NOT )?SHOWN|claims were/.test(line)).join('\n')}\n${path.basename(REPORT)} has the details.`,
  );
  process.exitCode = failed === 0 ? 0 : 1;
}

main();
