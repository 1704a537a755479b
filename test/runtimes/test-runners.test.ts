// The projects examples/jest and examples/vitest: their tests pass, and their runner exits.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { before, it } from 'node:test';
import { promisify } from 'node:util';
import { installExamples } from '../examples/install.js';
import { cleanEnv, emptyFolder, nodeBinary, tarball } from '../install/projects.js';

let folder: string;
before(async () => {
  folder = await installExamples(['jest', 'vitest']);
});

/** Runs a project's tests as its package.json does. Returns both streams, because warnings may be on either. */
async function runTests(cwd: string, node: string, args: string[]): Promise<string> {
  const env: NodeJS.ProcessEnv = { ...cleanEnv(), CI: 'true', NO_COLOR: '1' };
  // Otherwise the runner's processes would report to this test runner.
  delete env.NODE_TEST_CONTEXT;
  const options = { cwd, env, timeout: 60_000 };
  const { stdout, stderr } = await promisify(execFile)(node, args, options);
  return stdout + stderr;
}

it('Jest finds no open handle, with a real connection and with a mocked one', async () => {
  const output = await runTests(join(folder, 'jest'), process.execPath, [
    join(folder, 'node_modules/jest/bin/jest.js'),
    '--detectOpenHandles',
  ]);
  assert.match(output, /^Tests: +3 passed, 3 total$/m);
  assert.doesNotMatch(output, /open handle|did not exit/i);
});

/** Installs test/runtimes/NAME with the packed package. Returns its folder. */
async function installProject(name: string, packages: string[]): Promise<string> {
  const project = join(emptyFolder(), name);
  cpSync(join(__dirname, '..', '..', 'test', 'runtimes', name), project, { recursive: true });
  const npm = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  await promisify(execFile)('npm', [...npm, ...packages, `ws-linger@file:${tarball}`], {
    cwd: project,
    env: cleanEnv(),
  });
  return project;
}

it('the newest Jest runs tests with the timers of a page, with a first use after the last test, and with late ends', async () => {
  const project = await installProject('jest', ['jest', 'jest-environment-jsdom']);
  const jest = join(project, 'node_modules/jest/bin/jest.js');
  // In one process, and each a few times: what comes after a file's last test is a matter of chance.
  for (let round = 0; round < 3; round++) {
    const output = await runTests(project, process.execPath, [jest, '--runInBand']);
    assert.match(output, /^Tests: +7 passed, 7 total$/m);
    assert.doesNotMatch(output, /torn down|soft deleted|DeprecationWarning/);
  }
});

it('Jest 26, which knows no module by a name with node:, runs a test with the package as with ws', async () => {
  const project = await installProject('jest-26', ['jest@26', 'ws@8.18.3']);
  for (const environment of ['node', 'jsdom']) {
    const jest = join(project, 'node_modules/jest/bin/jest.js');
    const output = await runTests(project, process.execPath, [jest, '--env', environment]);
    assert.match(output, /^Tests: +2 passed, 2 total$/m);
  }
});

it('Vitest exits by itself, with a real connection and with a mocked one', async () => {
  // Vitest needs a newer Node than this package.
  const node = Number.parseInt(process.versions.node, 10) >= 24 ? process.execPath : nodeBinary('linux', 24);
  const output = await runTests(join(folder, 'vitest'), node, [
    join(folder, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=hanging-process',
  ]);
  assert.match(output, /Tests +3 passed \(3\)/);
  assert.doesNotMatch(output, /keeping the process running|timed out/i);
});
