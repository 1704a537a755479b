// Random sequences of what callers and peers do. A failure prints the shrunk sequence with its seed and path; run it again
// with `npm run test:deep -- --seed SEED --path PATH`. `npm run test:deep` alone runs many more.
import { it } from 'node:test';
import fc from 'fast-check';
import { KEPT, runSequence, sequences } from './support/sequence.js';

const RUNS = process.platform === 'win32' ? 60 : 500;

it(`${RUNS} random sequences end once, in time, explained, with nothing left`, async () => {
  await fc.assert(fc.asyncProperty(sequences, runSequence), { numRuns: RUNS, examples: KEPT });
});
