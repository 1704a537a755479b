// The projects examples/jest and examples/vitest: they pass, and nothing keeps their runner from ending.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { before, it } from 'node:test';
import { promisify } from 'node:util';
import { installExamples } from '../examples/install.js';
import { cleanEnv, nodeBinary } from '../install/projects.js';

let folder: string;
before(async () => {
  folder = await installExamples(['jest', 'vitest']);
});

/** Runs a project's tests as its package.json does; both streams, since warnings may be on either. */
async function runTests(project: string, node: string, args: string[]): Promise<string> {
  const env: NodeJS.ProcessEnv = { ...cleanEnv(), CI: 'true', NO_COLOR: '1' };
  // The runner's own processes must not take themselves for a part of this one.
  delete env.NODE_TEST_CONTEXT;
  const options = { cwd: join(folder, project), env, timeout: 60_000 };
  const { stdout, stderr } = await promisify(execFile)(node, args, options);
  return stdout + stderr;
}

it('Jest, over a real connection and mocked, finds no open handle', async () => {
  const output = await runTests('jest', process.execPath, [
    join(folder, 'node_modules/jest/bin/jest.js'),
    '--detectOpenHandles',
  ]);
  assert.match(output, /^Tests: +3 passed, 3 total$/m);
  assert.doesNotMatch(output, /open handle|did not exit/i);
});

it('Vitest, over a real connection and mocked, ends by itself', async () => {
  // It wants a newer Node than this package.
  const node = Number.parseInt(process.versions.node, 10) >= 24 ? process.execPath : nodeBinary('linux', 24);
  const output = await runTests('vitest', node, [
    join(folder, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=hanging-process',
  ]);
  assert.match(output, /Tests +3 passed \(3\)/);
  assert.doesNotMatch(output, /keeping the process running|timed out/i);
});
