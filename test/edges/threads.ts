/**
 * node threads.js terminated|reloaded native|portable: starts threads of worker.ts one after another, ends them, and says what it saw. This
 * thread touches no connection before they are gone, so the addon is loaded and unloaded by them alone.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { isMapped } from '../support/mapped.js';
import type { Task, Told } from './worker.js';

export interface Seen extends Told {
  code: number;
}

/** What it says, as one line of JSON. */
export interface Threads {
  threads: Seen[];
  /** One more, once the others were gone. */
  afterwards: Seen;
  /** Whether the addon is still among the modules of the process. */
  mapped?: boolean;
}

/** Runs one thread; `terminated` in the middle of what it does, so many turns of the loop after it began. */
async function run(task: Task, terminated?: number): Promise<Seen> {
  const worker = new Worker(join(__dirname, 'worker.js'), { workerData: task });
  const exit = once(worker, 'exit');
  const [told] = (await Promise.race([once(worker, 'message'), exit.then(() => [{}])])) as [Told];
  if (terminated !== undefined) {
    for (let turn = 0; turn < terminated; turn++) await new Promise(setImmediate);
    await worker.terminate();
  }
  const [code] = (await exit) as [number];
  return { ...told, code };
}

async function main(mode: 'terminated' | 'reloaded', native: boolean): Promise<void> {
  const threads: Seen[] = [];
  if (mode === 'reloaded') threads.push(await run('look for the addon in the process'));
  for (let i = 0; i < 6; i++) {
    if (mode === 'reloaded') {
      threads.push(await run('exit with handles alive'));
    } else {
      threads.push(await run('abort connections until ended', i));
      if (native) threads.push(await run('call until ended', i));
    }
  }
  const afterwards = await run('abort 20 connections');
  const said: Threads = { threads, afterwards, ...(mode === 'reloaded' && { mapped: isMapped() }) };
  console.log(JSON.stringify(said));
}

const [, , mode, control] = process.argv;
main(mode as 'terminated' | 'reloaded', control === 'native');
