// docs/ends.md names the kinds and the rules that the package reports, and is what the source gives. Its headings are checked by
// end-record.test.ts.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { CLOSE_KINDS, CLOSE_POLICIES } from '../../dist/close-info.js';
import { ROOT } from '../support/child.js';

const page = readFileSync(join(ROOT, 'docs', 'ends.md'), 'utf8');

it('the page of all ends names every kind and every rule', () => {
  for (const name of [...CLOSE_KINDS, ...CLOSE_POLICIES]) assert.ok(page.includes(`\`${name}\``), name);
});

it('the page of all ends is up to date', () => {
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'ends.js'), '--check'], { stdio: 'inherit' });
});
