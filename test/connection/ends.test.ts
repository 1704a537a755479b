// docs/ends.md lists every end: the combinations are all that the source can give, and each has its advice.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CLOSE_KINDS, CLOSE_POLICIES } from '../../dist/close-info.js';
import { CLOSE_SENTENCES } from '../../dist/close-sentence.js';
import { allEnds, type End } from '../support/ends.js';

const ROOT = join(__dirname, '..', '..');
const ends = allEnds();
const has = (wanted: Partial<End>) =>
  ends.some((end) => Object.entries(wanted).every(([key, value]) => end[key as keyof End] === value));

describe('the list of all ends', () => {
  it('has every kind, every rule and every sentence but one', () => {
    for (const kind of CLOSE_KINDS) assert.ok(has({ kind }), `no end in test/support/ends.ts has the kind ${kind}`);
    for (const by of CLOSE_POLICIES) assert.ok(has({ by }), by);
    const unreached = CLOSE_SENTENCES.filter((sentence) => !has({ sentence }));
    // Each slow consumer is one by a rule, which has a sentence of its own.
    assert.deepEqual(unreached, ['The peer did not read what was sent to it']);
  });

  it('has every pair of kind and origin that classify.ts names', () => {
    const source = readFileSync(join(ROOT, 'src', 'connection', 'classify.ts'), 'utf8');
    const pairs = [...source.matchAll(/\['([a-z-]+)', '(local|peer|network)'\]/g)];
    assert.ok(pairs.length > 20);
    for (const [, kind, origin] of pairs) assert.ok(has({ kind, origin } as Partial<End>), `${kind} / ${origin}`);
  });

  const IMPOSSIBLE: Record<string, Partial<End>> = {
    'a reset by this side': { kind: 'reset', origin: 'local' },
    'a heartbeat before the connection is open': { phase: 'opening', by: 'heartbeat' },
    'a drain of a connection that is not open': { phase: 'opening', by: 'drain' },
    'a clean end before the connection is open': { phase: 'opening', kind: 'clean' },
    'a slow consumer that a close has found': { kind: 'slow-consumer', by: 'max-age' },
    'a clean end by keep-alive': { kind: 'clean', by: 'keep-alive' },
    'a drain that is named where the peer broke the protocol': {
      kind: 'protocol-error',
      sentence: 'A drain of this server closed the connection',
    },
  };
  for (const [what, end] of Object.entries(IMPOSSIBLE)) {
    it(`has no ${what}`, () => assert.ok(!has(end)));
  }
});
