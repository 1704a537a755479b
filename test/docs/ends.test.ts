// docs/ends.md names the kinds and the rules that the package reports, and is what the source gives. Its headings are checked by
// end-record.test.ts.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { CLOSE_KINDS, CLOSE_POLICIES } from '../../dist/close-info.js';
import { ROOT } from '../support/child.js';
import { tableOf } from '../support/docs-table.js';
import { allEnds } from '../support/ends.js';

const page = readFileSync(join(ROOT, 'docs', 'ends.md'), 'utf8');

it('the page of all ends names every kind and every rule', () => {
  for (const name of [...CLOSE_KINDS, ...CLOSE_POLICIES]) assert.ok(page.includes(`\`${name}\``), name);
});

it('the table of log lines has each kind of an open connection at its level', () => {
  const rows = tableOf('docs/observability.md', 'Logs').filter(([event]) => event === 'disconnect');
  const ends = allEnds().filter(({ phase }) => phase !== 'opening');
  for (const [, level, when = ''] of rows) {
    const kinds = new Set(ends.filter(({ expected }) => expected === (level === 'debug')).map(({ kind }) => kind));
    const named = CLOSE_KINDS.filter((kind) => when.split(/[ ,;]+/).includes(kind));
    assert.deepEqual(new Set(named), kinds, level);
  }
  assert.equal(rows.length, 2);
});

it('the page of all ends is up to date', () => {
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'ends.js'), '--check'], { stdio: 'inherit' });
});
