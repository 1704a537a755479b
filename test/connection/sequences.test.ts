// Runs random sequences of actions of the application and its peer. A failure prints the shrunk sequence with its seed
// and path; `npm run test:deep -- --seed SEED --path PATH` repeats it. `npm run test:deep` runs many more sequences.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { REGRESSIONS, runSequence, sequences } from '../support/sequence.js';

const RUNS = process.platform === 'win32' ? 60 : 500;

it(`${RUNS} random sequences of actions end each connection once, in time, with a known cause, and leave no handle`, async () => {
  const warnings: Error[] = [];
  process.on('warning', (warning) => warnings.push(warning));
  await fc.assert(fc.asyncProperty(sequences, runSequence), { numRuns: RUNS, examples: REGRESSIONS });
  assert.deepEqual(warnings, [], 'Node emits no warning');
});
