/** Runs the property of sequences.test.ts as often as asked: node dist-test/deep.js --seed N --runs N [--path PATH] */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { runSequence, sequences } from './support/sequence.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '20000' },
    path: { type: 'string' },
  },
});

let done = 0;
const property = fc.asyncProperty(sequences, async (sequence) => {
  await runSequence(sequence);
  if (++done % 1000 === 0) console.log(`${done} sequences`);
});
fc.assert(property, {
  seed: Number(values.seed),
  numRuns: Number(values.runs),
  ...(values.path && { path: values.path }),
}).then(
  () => console.log(`${process.platform}: ${done} sequences, seed ${values.seed}, 0 violations`),
  (error: Error) => {
    console.log(error.message, error.cause);
    console.log(`${process.platform}: violated after ${done} sequences, seed ${values.seed}`);
    process.exitCode = 1;
  },
);
