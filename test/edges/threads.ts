/**
 * node threads.js terminated|reloaded native|portable: starts and ends threads of worker.ts one after another, and
 * prints how each ended. The main thread uses no connection, so only these threads load and unload the addon.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { isMapped } from '../support/mapped.js';
import type { Task, WorkerReport } from './worker.js';

export interface ThreadResult extends WorkerReport {
  /** The thread's exit code. */
  code: number;
}

/** Printed as one line of JSON. */
export interface Threads {
  threads: ThreadResult[];
  /** A last thread, started after all others had ended. */
  afterwards: ThreadResult;
  /** Whether the addon is still mapped into the process. */
  mapped?: boolean;
}

/** Runs one thread. Terminates it after so many turns of the event loop if `terminated` is given. */
async function run(task: Task, terminated?: number): Promise<ThreadResult> {
  const worker = new Worker(join(__dirname, 'worker.js'), { workerData: task });
  const exit = once(worker, 'exit');
  const [report] = (await Promise.race([once(worker, 'message'), exit.then(() => [{}])])) as [WorkerReport];
  if (terminated !== undefined) {
    for (let turn = 0; turn < terminated; turn++) await new Promise(setImmediate);
    await worker.terminate();
  }
  const [code] = (await exit) as [number];
  return { ...report, code };
}

async function main(mode: 'terminated' | 'reloaded', native: boolean): Promise<void> {
  const threads: ThreadResult[] = [];
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
  const result: Threads = { threads, afterwards, ...(mode === 'reloaded' && { mapped: isMapped() }) };
  console.log(JSON.stringify(result));
}

const [, , mode, control] = process.argv;
main(mode as 'terminated' | 'reloaded', control === 'native');
