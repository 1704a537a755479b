/**
 * node --expose-gc --max-semi-space-size=1 garbage.js: drops a handle while its SOCKET lives, keeps one while its SOCKET
 * goes, and drops thousands.
 */
import { once } from 'node:events';
import { loadNative } from '../../dist/socket-control/load.js';
import { type NativeConnection, resolveConnection } from '../../dist/socket-control/native.js';
import { tcpPair } from '../support/tcp-pair.js';

const { binding, reason } = loadNative();

/** What it says, as one line of JSON. */
export interface Garbage {
  collected: boolean;
  heard: string;
  whileOpen: unknown;
  onceClosed: unknown[];
  /** The least number of bytes that the process has grown by in one of the rounds, each of which dropped 5,000. */
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
  const heard = once(socket, 'data');
  peer.write('still here');
  const [text] = await heard;

  const drop = async () => {
    for (let i = 1; i <= 5_000; i++) {
      resolve();
      if (i % 1000 === 0) await new Promise(setImmediate); // when finalizers run
    }
    await collect();
    return process.memoryUsage.rss();
  };
  // What is never freed adds up in every round; what the engine takes for itself, only in some.
  const sizes: number[] = [];
  for (let round = 0; round < 6; round++) sizes.push(await drop());
  const grown = Math.min(...sizes.slice(1).map((size, i) => size - (sizes[i] as number)));

  const kept = resolve();
  const use = () => [binding.getLinger(kept), binding.setLinger(kept, true), binding.shutdown(kept, 'both')];
  const [whileOpen] = use();
  const closed = new Promise((done) => socket.once('close', done));
  socket.destroy();
  await closed;
  const onceClosed = [...use(), binding.probe(kept)];
  const said: Garbage = { collected, heard: String(text), whileOpen, onceClosed, grown };
  console.log(JSON.stringify(said));
  stop();
}

main();
