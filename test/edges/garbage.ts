/**
 * node --expose-gc --max-semi-space-size=1 garbage.js: drops a handle while its SOCKET is open, keeps a handle while
 * its SOCKET closes, and drops thousands of handles.
 */
import { once } from 'node:events';
import { loadNative } from '../../dist/socket-control/load.js';
import { type NativeConnection, resolveConnection } from '../../dist/socket-control/native.js';
import { tcpPair } from '../support/tcp-pair.js';

const { binding, reason } = loadNative();

/** Printed as one line of JSON. */
export interface Garbage {
  /** Whether the dropped handle was collected. */
  collected: boolean;
  /** What its socket received afterwards. */
  received: string;
  whileOpen: unknown[];
  onceClosed: unknown[];
  /** The smallest growth of the process in a round that drops 5,000 handles, in bytes. */
  grown: number;
}

async function collect(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise(setImmediate);
    globalThis.gc?.();
  }
}

async function main(): Promise<void> {
  if (!binding) throw new Error(reason);
  const { socket, peer, stop } = await tcpPair();
  const resolve = () => resolveConnection(binding, socket) as NativeConnection;

  const dropped = (() => new WeakRef(resolve()))();
  await collect();
  const collected = dropped.deref() === undefined;
  const data = once(socket, 'data');
  peer.write('still here');
  const [text] = await data;

  const drop = async () => {
    for (let i = 1; i <= 5_000; i++) {
      resolve();
      if (i % 1000 === 0) await new Promise(setImmediate); // finalizers run now
    }
    await collect();
    return process.memoryUsage.rss();
  };
  // A leak grows in every round; the engine's own memory only in some.
  const sizes: number[] = [];
  for (let round = 0; round < 6; round++) sizes.push(await drop());
  const grown = Math.min(...sizes.slice(1).map((size, i) => size - (sizes[i] as number)));

  const kept = resolve();
  const use = () => [binding.finish(kept), binding.abort(kept), binding.probe(kept)];
  const whileOpen = use();
  const closed = new Promise((done) => socket.once('close', done));
  socket.destroy();
  await closed;
  const onceClosed = use();
  const result: Garbage = { collected, received: String(text), whileOpen, onceClosed, grown };
  console.log(JSON.stringify(result));
  stop();
}

main();
