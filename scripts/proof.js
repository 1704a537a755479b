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
const { makesNetworks, testFiles } = require('./test-files.js');
const { runWindowsNode } = require('./windows-node.js');

const WINDOWS = process.platform === 'win32';
const ON_WINE = process.env.WS_LINGER_PROOF_ON_WINE === '1';
const REPORT = path.join(root, 'windows-proof.txt');
// Wine is slower: each system call goes through its server.
const CYCLES = ON_WINE ? '2000' : '100000';
const CONNECTIONS = ON_WINE ? '40' : '200';
const TEST = ['--test', '--test-concurrency=2', '--test-force-exit', '--test-timeout=120000', '--test-reporter=spec'];
const CLI = path.join('dist', 'tools', 'cli', 'main.js');

function compiled(folder, pattern) {
  const names = fs.readdirSync(path.join(root, 'dist-test', folder)).filter((name) => pattern.test(name));
  return names.map((name) => path.join('dist-test', folder, name));
}

/** What is shown, in a sentence, by which tests. */
const TESTS = {
  'Connections are native over every transport, and other sockets are left alone': compiled(
    'socket-control',
    /^(control|load|native|native-edges|socket-control)\.test\.js$/,
  ),
  'The Windows TCP stack does what docs/windows.md claims': compiled('windows-proof', /\.test\.js$/),
  'abort() sends RST, also with process.exit() behind it': compiled('connection', /^abort.*\.test\.js$/),
  'A full stderr holds nothing up': compiled('telemetry', /^default-logger\.test\.js$/),
};
const named = Object.values(TESTS).flat();
const others = testFiles()
  .filter((file) => !makesNetworks(file))
  .map((file) => path.join('dist-test', file))
  .filter((file) => !named.includes(file));

/** What is shown, how, and what of the output must be there besides. */
const STEPS = [
  ['The addon is used, and works on loopback', [CLI, 'doctor'], /^control +native/m],
  ...Object.entries(TESTS).map(([what, files]) => [what, [...TEST, ...files]]),
  ['All other tests of this package pass', [...TEST, ...others]],
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

/** Whether a claim was shown. A test that was skipped shows nothing; Wine, of which nothing is claimed, skips some. */
function verdict({ code, output }, mustSay) {
  if (code !== 0 || (mustSay && !mustSay.test(output))) return 'NOT SHOWN';
  const skipped = Number(/^ℹ skipped (\d+)/m.exec(output)?.[1] ?? 0);
  if (skipped === 0) return 'SHOWN';
  return ON_WINE ? `SHOWN, but for ${skipped} tests that Wine skips` : 'NOT SHOWN';
}

/** The lines of the report on one step: of tests only the counts, what was observed and what failed. */
function summary(output) {
  const lines = output.split(/\r?\n/);
  if (!lines.some((line) => line.startsWith('ℹ tests '))) return lines.filter((line) => line.trim());
  return lines.filter((line) => /^(ℹ (pass|fail|skipped) |\s*ℹ (Windows|Wine): |\s*(✖|﹣) )/.test(line));
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
  for (const [what, args, mustSay] of STEPS) {
    console.log(`\n=== ${what}`);
    const result = await run(args);
    const shown = verdict(result, mustSay);
    if (shown === 'NOT SHOWN') failed++;
    report.push('', `${shown}: ${what}`, ...summary(result.output).map((line) => `  ${line}`));
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
