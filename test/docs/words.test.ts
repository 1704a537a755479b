// How long the pages are that everybody reads, and what they must have.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from '../support/child.js';

const read = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8');
const wordsOf = (text: string) => text.split(/\s+/).filter(Boolean).length;

describe('README', () => {
  const text = read('README.md');

  it('has at most 900 words', () => {
    const words = wordsOf(text);
    assert.ok(words <= 900, `${words} words`);
  });

  it('has one example, and two commands for a fresh machine: the main job, and all tests', () => {
    assert.equal(text.match(/^```js$/gm)?.length, 1);
    const [, commands = ''] = /^```sh\n([\s\S]*?)^```$/m.exec(text) ?? [];
    const lines = commands.trim().split('\n');
    assert.equal(lines.length, 2, commands);
    assert.match(lines[0] ?? '', /^npm install && npm run stability\b/);
    assert.match(lines[1] ?? '', /^npm install && npm test\b/);
  });
});

describe('docs/benchmarks.md', () => {
  const text = read('docs', 'benchmarks.md');

  it('has at most 1500 words', () => {
    const words = wordsOf(text);
    assert.ok(words <= 1_500, `${words} words`);
  });

  it('has six charts, each that of its place, and one table of ratios', () => {
    const charts = [...text.matchAll(/^<!-- chart: (\S+) -->\n!\[.+\]\(benchmarks\/summary-(\S+)\.svg\)$/gm)];
    assert.equal(charts.length, 6);
    for (const [, place, picture] of charts) assert.equal(picture, place);
    assert.equal(text.match(/!\[/g)?.length, 6);
    assert.equal(text.match(/^\| \| unit \| ws \| ws-linger \| ratio \|/gm)?.length, 1);
  });
});
