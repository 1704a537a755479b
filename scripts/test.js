#!/usr/bin/env node

// npm test [-- --linux | --windows | --smoke] [NAME…]
//
// Runs the tests on every platform this project promises: on this machine's Node, on Windows Node under Wine with the
// addon and without it, and a smoke test on the other Node versions. NAME picks test files. With CI=true a platform
// that cannot run is a failure; otherwise it is named and left out.

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { faultMatrix } = require('./fault-matrix.js');
const { testFiles } = require('./test-files.js');
const { nodeBinary, runWindowsNode } = require('./windows-node.js');

const root = path.join(__dirname, '..');
const CI = process.env.CI === 'true';

const args = process.argv.slice(2);
const groups = args.filter((arg) => arg.startsWith('--')).map((arg) => arg.slice(2));
const names = args.filter((arg) => !arg.startsWith('--'));

const native = { WS_LINGER_TEST_CONTROL: 'native' };
const portable = { WS_LINGER_TEST_CONTROL: 'portable' };
const forcedPortable = { ...portable, WS_LINGER_NATIVE: '0' };

/** Every run: where, and with which files. */
const RUNS = [
  { group: 'linux', name: `Linux, Node ${process.versions.node}`, env: portable, run: here(process.execPath) },
  { group: 'windows', name: 'Windows, Node 24, native', env: native, run: wine(24) },
  { group: 'windows', name: 'Windows, Node 24, portable', env: forcedPortable, run: wine(24) },
  ...[22, 24, 26].map((major) =>
    smoke(`Linux, Node ${major}`, portable, (...all) => here(nodeBinary('linux', major))(...all)),
  ),
  ...[22, 26].map((major) => smoke(`Windows, Node ${major}, native`, native, wine(major))),
];

function smoke(name, env, run) {
  return { group: 'smoke', name: `${name}, smoke test`, env, run, files: ['smoke.test.js'] };
}

function here(binary) {
  return (nodeArgs, env) =>
    new Promise((resolve, reject) => {
      const child = spawn(binary, nodeArgs, {
        cwd: root,
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.on('data', (chunk) => {
        output += chunk;
        process.stdout.write(chunk);
      });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, output }));
    });
}

function wine(major) {
  return (nodeArgs, env) => runWindowsNode(nodeArgs, { major, env, cwd: root });
}

/** The test runner's own counts. A test that was cancelled has failed; one that was skipped under CI, too. */
function count({ code, output }) {
  const number = (word) => Number(new RegExp(`^ℹ ${word} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);
  const passed = number('pass');
  const failed = number('fail') + number('cancelled') + (CI ? number('skipped') + number('todo') : 0);
  return { passed, failed: failed === 0 && (code !== 0 || passed === 0) ? 1 : failed };
}

/** What the test runner says again of each test that failed, to stand at the end, where people and short logs look. */
function failures({ output }) {
  return output.split('✖ failing tests:\n')[1]?.trim();
}

/** Tests named *.linux.test.js make networks of their own, for which they need root and tools. */
function canMakeNetworks(group) {
  if (group !== 'linux') return false;
  const root = process.getuid() === 0;
  if (!root) console.log('Not root, so the *.linux tests are left out.');
  return root || CI;
}

/** TCP sockets of this machine (Wine's included) that are not closed; without `ss`, none can be seen. */
function openSockets() {
  const states = ['established', 'fin-wait-1', 'fin-wait-2', 'close-wait', 'last-ack', 'closing'];
  try {
    const list = execFileSync('ss', ['-tanH', ...states.flatMap((state) => ['state', state])], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return list
      .toString()
      .split('\n')
      .filter((line) => / (127\.0\.0\.1|\[::1\]|\[::ffff:127)/.test(line)).length;
  } catch {
    return 0;
  }
}

/** How many more there are than before the tests, once those on their way out have had time to go. */
async function socketsLeft(before) {
  for (let tries = 0; tries < 50 && openSockets() > before; tries++)
    await new Promise((later) => setTimeout(later, 200));
  return openSockets() - before;
}

async function main() {
  if (process.getuid() === 0)
    execFileSync(path.join(__dirname, 'toolchain.sh'), ['network'], { stdio: ['ignore', 2, 2] });
  // A test whose source is gone must not run on.
  fs.rmSync(path.join(root, 'dist-test'), { recursive: true, force: true });
  execFileSync('npm', ['run', '--silent', 'compile'], { cwd: root, stdio: 'inherit' });
  execFileSync('npm', ['run', '--silent', 'compile:test'], { cwd: root, stdio: 'inherit' });
  const picked = testFiles().filter(
    (file) => names.length === 0 || names.some((name) => path.basename(file).startsWith(name)),
  );

  const before = openSockets();
  const results = [];
  const ran = [];
  for (const { group, name, env, run, files = picked } of RUNS) {
    if (groups.length > 0 && !groups.includes(group)) continue;
    const tests = files
      .filter((file) => picked.includes(file) && (canMakeNetworks(group) || !file.includes('.linux.')))
      .map((file) => path.join('dist-test', file));
    if (tests.length === 0) continue;
    console.log(`\n=== ${name}`);
    const began = Date.now();
    const seconds = () => `${Math.round((Date.now() - began) / 1000)} s`;
    try {
      const result = await run(
        ['--test', '--test-force-exit', '--test-timeout=120000', '--test-reporter=spec', ...tests],
        env,
      );
      results.push({ name, ...count(result), time: seconds() });
      ran.push({ name, ...result });
    } catch (error) {
      console.log(`cannot run: ${error.message}`);
      if (CI) results.push({ name, passed: 0, failed: 1, time: 'cannot run' });
      else results.push({ name, passed: 0, failed: 0, time: 'NOT RUN' });
    }
  }

  // Elsewhere other programs open sockets as they like.
  const left = CI ? await socketsLeft(before) : 0;
  if (left > 0) results.push({ name: `${left} TCP sockets are left open`, passed: 0, failed: 1, time: '' });

  console.log(`\n${faultMatrix(ran)}\n`);
  for (const result of ran) {
    const said = failures(result);
    if (said) console.log(`=== failed on ${result.name}\n\n${said}\n`);
  }
  for (const { name, passed, failed, time } of results) {
    console.log(
      `${name.padEnd(40)} ${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed   ${time}`,
    );
  }
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  process.exitCode = sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
}

main();
