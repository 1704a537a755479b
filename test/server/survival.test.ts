// Events that end a process with plain ws do not end it with this package, except the application's own errors, which
// still do.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Ended, runNode } from '../support/child.js';
import { CRASHES, type Crash } from '../support/crashes.js';

function run(library: 'ws-upstream' | 'ws-linger', crash: Crash): Promise<Ended> {
  const script = join(__dirname, '..', 'support', 'crash-child.js');
  return runNode([script, library, String(CRASHES.indexOf(crash))], { timeout: 60_000 });
}

/** Checks that Node printed an uncaught error: where it was thrown, its text, its stack. */
function assertUncaught({ code, stderr }: Ended, error: RegExp): void {
  assert.equal(code, 1, stderr);
  assert.match(stderr, /Unhandled 'error' event/);
  assert.match(stderr, error);
  assert.match(stderr, /Emitted 'error' event on \w+ instance at:|emitted at/i);
}

describe('plain ws ends the process', () => {
  for (const crash of CRASHES) {
    it(`when ${crash.name}`, async () => assertUncaught(await run('ws-upstream', crash), crash.plain));
  }
});

describe('ws-linger keeps the process running', () => {
  for (const crash of CRASHES.filter(({ ours }) => ours !== 'ends too')) {
    it(`when ${crash.name}`, async () => {
      const { code, stdout, stderr } = await run('ws-linger', crash);
      const lines = stdout.trim().split('\n').filter(Boolean);
      assert.equal(stderr, '');
      assert.equal(code, 0);
      assert.equal(lines.pop(), 'survived');
      const kinds = lines.map((line) => (JSON.parse(line) as { kind: string }).kind);
      assert.deepEqual(kinds, crash.ours === 'nothing' ? [] : [crash.ours]);
    });
  }
});

describe('ws-linger ends the process as plain ws does', () => {
  for (const crash of CRASHES.filter(({ ours }) => ours === 'ends too')) {
    it(`when ${crash.name}`, async () => assertUncaught(await run('ws-linger', crash), crash.plain));
  }
});
