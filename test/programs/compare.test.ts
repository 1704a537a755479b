// The comparison finds what it is there for.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { assertSame, type Outcome, table } from './compare.js';

const PLAIN: Outcome = {
  events: ['open', 'close 1006'],
  heard: ['hello'],
  stderr: ['Error: read ECONNRESET'],
  exit: 0,
  shutdownMs: 100,
};

it('two equal runs are the same, and so is one that prints less', () => {
  assertSame(PLAIN, PLAIN);
  assertSame(PLAIN, { ...PLAIN, stderr: [] });
});

it('a shutdown may take 5 s, or as long as with plain ws', () => {
  assertSame(PLAIN, { ...PLAIN, shutdownMs: 5000 });
  assertSame({ ...PLAIN, shutdownMs: 30_000 }, { ...PLAIN, shutdownMs: 30_500 });
  assert.throws(() => assertSame(PLAIN, { ...PLAIN, shutdownMs: 5001 }), /shutdown took 5001 ms/);
});

const DIFFERENT: Record<string, Partial<Outcome>> = {
  'another code': { events: ['open', 'close 1005'] },
  'another order': { events: ['close 1006', 'open'] },
  'a missing event': { events: ['open'] },
  'a message of another kind': { heard: ['binary hello'] },
  'another exit code': { exit: 1 },
  'a new line on stderr': { stderr: ['Error: read ECONNRESET', '{"level":40}'] },
  'the same line twice': { stderr: ['Error: read ECONNRESET', 'Error: read ECONNRESET'] },
};

for (const [what, changed] of Object.entries(DIFFERENT)) {
  it(`${what} is a difference`, () => {
    assert.throws(() => assertSame(PLAIN, { ...PLAIN, ...changed }), assert.AssertionError);
  });
}

it('the table is sorted by program and fault, and names differences', () => {
  const row = { plain: PLAIN, ours: PLAIN };
  const changed = { plain: PLAIN, ours: { ...PLAIN, events: [] } };
  const rows = [
    { program: 'b', fault: 'rst' as const, ...changed },
    { program: 'a', fault: 'fin' as const, ...row },
    { program: 'a', fault: 'rst' as const, ...row },
  ];
  const lines = table(rows, ['a', 'b']).trim().split('\n');
  assert.deepEqual(
    lines.slice(1).map((line) => line.split(/ {2,}/).slice(0, 3).join(' ')),
    ['a rst same', 'a fin same', 'b rst DIFFER'],
  );
});
