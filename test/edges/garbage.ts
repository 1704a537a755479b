/**
 * node --expose-gc --max-semi-space-size=1 garbage.js: drops a handle while its SOCKET lives, keeps one while its SOCKET
 * goes, and drops 20,000.
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
  /** Bytes that the process has grown by. */
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

  const drop = async (count: number) => {
    for (let i = 1; i <= count; i++) {
      resolve();
      if (i % 1000 === 0) await new Promise(setImmediate); // when finalizers run
    }
    await collect();
    return process.memoryUsage.rss();
  };
  const before = await drop(5_000);
  const grown = (await drop(20_000)) - before;

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
