// docs/why-1006.md names the kinds and origins that the package reports.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { CLOSE_KINDS } from '../../dist/close-info.js';
import { classify } from '../../dist/connection/classify.js';
import { initial } from '../../dist/connection/lifecycle.js';
import { ROOT } from '../support/child.js';

const page = readFileSync(join(ROOT, 'docs', 'why-1006.md'), 'utf8');
const faults = readFileSync(join(ROOT, 'docs', 'faults.md'), 'utf8');

/** The kinds of the page's table, and the origins of each. */
const table = new Map(
  [...page.matchAll(/^\| (`.+?) \| ([a-z, ]+) \|/gm)].flatMap(([, kinds = '', origins = '']) =>
    [...kinds.matchAll(/`([a-z-]+)`/g)].map(([, kind]) => [kind as string, origins.split(', ')] as const),
  ),
);

it('the page on 1006 names every kind', () => {
  for (const kind of CLOSE_KINDS) assert.ok(table.has(kind) || page.includes(`\`${kind}\` is`), kind);
});

it('the page on 1006 has the origins that docs/faults.md has', () => {
  const { kind, origin } = classify({ ...initial, cause: { type: 'slow-consumer' } });
  const seen = [...faults.matchAll(/\*\*([a-z-]+)\*\*, origin ([a-z]+)/g), ['', kind, origin]];
  assert.ok(seen.length > 20);
  for (const [, kind = '', origin = ''] of seen) {
    const origins = table.get(kind);
    if (origins) assert.ok(origins.includes(origin), `${kind}, origin ${origin}`);
  }
});
