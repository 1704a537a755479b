/** npm run test:defaults: keeps every promise in real time, all at once, and prints a table. Exit code 1 where one is broken. */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { DefaultPromise } from './promise.js';
import { PROMISES } from './promises.js';
import { Stage } from './stage.js';
import { hasPassed, type Result, table } from './table.js';

/** All promises together take no longer, in ms. */
const LONGEST_RUN_MS = 100_000;
const QUIET_MS = 500;

const { values } = parseArgs({
  options: {
    windows: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});

type Ready = { promise: DefaultPromise; measure?: Awaited<ReturnType<DefaultPromise['prepare']>>; failure?: string };

async function prepare(promise: DefaultPromise, stage: Stage): Promise<Ready> {
  try {
    return { promise, measure: await promise.prepare(stage) };
  } catch (error) {
    return { promise, failure: (error as Error).message };
  }
}

async function run({ promise, measure, failure }: Ready): Promise<Result> {
  if (!measure) return { promise, outcomes: [], failure: failure ?? 'not prepared' };
  try {
    return { promise, outcomes: await measure() };
  } catch (error) {
    return { promise, outcomes: [], failure: (error as Error).message };
  }
}

async function main(): Promise<void> {
  const { windows, only } = values;
  const promises = PROMISES.filter(
    ({ says, isLinuxOnly }) => (!only || says.includes(only)) && !(windows && isLinuxOnly),
  );
  const began = Date.now();
  const stage = new Stage({ windows, control: windows ? 'native' : 'portable' });
  await stage.start();
  const ready = await Promise.all(promises.map((promise) => prepare(promise, stage)));
  // What was sent last is acknowledged by then: an idle connection is one with nothing on its way.
  await delay(QUIET_MS);
  stage.cut();
  const prepared = Date.now();
  const results = await Promise.all(ready.map(run));
  await stage.close();
  const took = Date.now() - began;

  console.log(`${windows ? 'Windows Node under Wine, native' : `Linux, Node ${process.versions.node}`}\n`);
  console.log(table(results));
  const judged = results.filter(({ promise, failure }) => !promise.isReport || failure !== undefined);
  const isLate = took > LONGEST_RUN_MS;
  const failed = judged.filter((result) => !hasPassed(result)).length + Number(isLate);
  console.log(
    `\nThe run took ${Math.round(took / 1_000)} s, ${Math.round((prepared - began) / 1_000)} s of them to begin.` +
      `${isLate ? ' That is too long.' : ''}`,
  );
  console.log(`${judged.length + Number(isLate) - failed} passed, ${failed} failed`);
  process.exit(failed > 0 || judged.length === 0 ? 1 : 0);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
main().catch((error) => {
  console.error(error);
  process.exit(1);
});
