// Random sequences of what callers and peers do. A failure prints the shrunk sequence with its seed and path; run it again
// with `npm run test:deep -- --seed SEED --path PATH`. `npm run test:deep` alone runs many more.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { KEPT, runSequence, sequences } from '../support/sequence.js';

const RUNS = process.platform === 'win32' ? 60 : 500;

it(`${RUNS} random sequences end once, in time, explained, with nothing left`, async () => {
  const warnings: Error[] = [];
  process.on('warning', (warning) => warnings.push(warning));
  await fc.assert(fc.asyncProperty(sequences, runSequence), { numRuns: RUNS, examples: KEPT });
  assert.deepEqual(warnings, [], 'Node has nothing to warn of');
});
