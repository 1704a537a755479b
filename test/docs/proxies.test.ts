// docs/recipes/proxies.md: its table of ends is the one that test/foreign causes with real proxies.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { tableOfEnds } from '../foreign/proxy-ends.js';
import { ROOT } from '../support/child.js';
import { tableOf } from '../support/docs-table.js';

const PAGE = 'docs/recipes/proxies.md';

describe(PAGE, () => {
  it('has a row for each end that proxies bring about, with what the server says of it', () => {
    const rows = tableOf(PAGE, 'I want to know what `closeInfo` says');
    assert.deepEqual(rows, tableOfEnds());
  });

  it('is one page', () => {
    const words = readFileSync(join(ROOT, PAGE), 'utf8').split(/\s+/).filter(Boolean).length;
    assert.ok(words <= 1_200, `${words} words`);
  });
});
