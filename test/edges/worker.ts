/** A worker thread with a server and clients of its own. `workerData` names its task. */
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import WebSocket, { WebSocketServer } from 'ws-linger';
import { loadNative } from '../../dist/socket-control/load.js';
import { type NativeBinding, resolveConnection } from '../../dist/socket-control/native.js';
import { portOf } from '../support/end.js';
import { isMapped } from '../support/mapped.js';
import { tcpPair } from '../support/tcp-pair.js';

export interface WorkerReport {
  control: 'native' | 'portable';
  /** The number of connections by how their two sides ended. */
  ends?: Record<string, number>;
  /** Whether the addon is mapped into the process. */
  mapped?: boolean;
}

const { binding, reason } = loadNative();
const control = binding ? 'native' : 'portable';
const linger = { logger: false } as const;

const TASKS = {
  async 'abort 20 connections'() {
    const wss = await serve();
    const ends: Record<string, number> = {};
    for (let i = 0; i < 20; i++) {
      const end = await abortOne(wss, i % 2 ? 'server' : 'client');
      ends[end] = (ends[end] ?? 0) + 1;
    }
    wss.close();
    send({ control, ends });
  },

  async 'abort connections until ended'() {
    const wss = await serve();
    for (let i = 0; ; i++) {
      await abortOne(wss, i % 2 ? 'server' : 'client');
      if (i === 0) send({ control });
    }
  },

  async 'call until ended'() {
    if (!binding) throw new Error(reason);
    const { socket } = await tcpPair();
    send({ control });
    for (;;) callAll(binding, socket);
  },

  async 'look for the addon in the process'() {
    send({ control, mapped: isMapped() });
  },

  async 'hand over a handle'() {
    if (!binding) throw new Error(reason);
    const { socket } = await tcpPair();
    const handle = resolveConnection(binding, socket);
    try {
      parentPort?.postMessage(handle);
    } catch (error) {
      parentPort?.postMessage((error as Error).name);
    }
    process.exit();
  },

  async 'exit with handles alive'() {
    if (!binding) throw new Error(reason);
    const { socket } = await tcpPair();
    const handles = Array.from({ length: 10 }, () => resolveConnection(binding, socket));
    send({ control });
    process.exit(handles.includes(null) ? 1 : 0);
  },
};

export type Task = keyof typeof TASKS;

function send(report: WorkerReport): void {
  parentPort?.postMessage(report);
}

async function serve(): Promise<WebSocketServer> {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger });
  await once(wss, 'listening');
  return wss;
}

/** Opens a connection, aborts one side, and describes how both ended. */
async function abortOne(wss: WebSocketServer, from: 'server' | 'client'): Promise<string> {
  const accepted = once(wss, 'connection');
  const client = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { linger });
  await once(client, 'open');
  const [ws] = (await accepted) as [WebSocket];
  const [cut, other] = from === 'server' ? [ws, client] : [client, ws];
  const ended = Promise.all([once(cut, 'close'), once(other, 'close')]);
  cut.abort();
  await ended;
  return `${cut.closeInfo?.kind} by ${cut.closeInfo?.forced}, ${other.closeInfo?.kind}`;
}

/**
 * Calls each function of the addon with valid and invalid arguments, so that the thread may be terminated inside any of
 * them.
 */
function callAll(addon: NativeBinding, socket: Parameters<typeof resolveConnection>[1]): void {
  const handle = resolveConnection(addon, socket);
  if (!handle) throw new Error('the connection is not found');
  addon.probe(handle);
  addon.look(handle);
  addon.finish(handle);
  addon.abort(handle);
  const wrong = {} as never;
  for (const refused of [
    () => addon.resolve(wrong, wrong, wrong, wrong),
    () => addon.abort(wrong),
    () => addon.finish(wrong),
    () => addon.look(wrong),
    () => addon.probe(wrong),
  ]) {
    try {
      refused();
    } catch {}
  }
}

TASKS[workerData as Task]();
