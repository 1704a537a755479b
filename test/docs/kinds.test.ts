// docs/why-1006.md names the kinds and the rules that the package reports. Its headings are checked by end-record.test.ts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { CLOSE_KINDS, CLOSE_POLICIES } from '../../dist/close-info.js';
import { ROOT } from '../support/child.js';

const page = readFileSync(join(ROOT, 'docs', 'why-1006.md'), 'utf8');

it('the page on 1006 names every kind and every rule', () => {
  for (const name of [...CLOSE_KINDS, ...CLOSE_POLICIES]) assert.ok(page.includes(`\`${name}\``), name);
});
