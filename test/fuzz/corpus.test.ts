// Each fuzz target holds for each input of its corpus: seeds, and inputs that were crashes once.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from '../support/child.js';

const CORPUS = join(ROOT, 'test', 'fuzz', 'corpus');
const TARGETS = readdirSync(join(ROOT, 'test', 'fuzz'))
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => file.replace(/\.ts$/, ''));

type Target = { fuzz(data: Buffer): void | Promise<void> };

it('every fuzz target has a corpus, small enough for the repository', () => {
  assert.deepEqual(readdirSync(CORPUS).sort(), TARGETS.sort());
  for (const target of TARGETS) {
    const inputs = readdirSync(join(CORPUS, target)).map((input) => readFileSync(join(CORPUS, target, input)));
    assert.ok(inputs.length > 0 && inputs.length <= 50, `${target} has ${inputs.length}`);
    for (const input of inputs) assert.ok(input.length < 4_096);
  }
});

for (const target of TARGETS) {
  describe(`the fuzz target ${target} holds for`, () => {
    const { fuzz } = require(`./${target}.js`) as Target;
    for (const input of readdirSync(join(CORPUS, target))) {
      it(input, async () => fuzz(readFileSync(join(CORPUS, target, input))));
    }
  });
}
