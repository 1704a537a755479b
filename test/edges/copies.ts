/** node copies.js FILE: uses the addon and FILE, a copy of it, in one process, and hands a handle of each to the other. */
import { once } from 'node:events';
import { loadNative } from '../../dist/socket-control/load.js';
import { type NativeBinding, type NativeConnection, resolveConnection } from '../../dist/socket-control/native.js';
import { endOf } from '../support/peer.js';
import { tcpPair } from '../support/tcp-pair.js';

/** What it says, as one line of JSON. */
export interface Copies {
  /** setLinger() by the first, then by each once the connection is closed. */
  codes: number[];
  /** getLinger() by the second. */
  linger: unknown;
  /** What each makes of the other's handle. */
  exchanged: unknown[];
  seen: string;
}

/** What a call says, or the name of what it throws. */
function outcome(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return (error as Error).name;
  }
}

async function main(file: string): Promise<void> {
  const { binding: first, reason } = loadNative();
  if (!first) throw new Error(reason);
  const second = require(file) as NativeBinding;
  const { socket, peer, stop } = await tcpPair();
  const [one, two] = [first, second].map((binding) => resolveConnection(binding, socket)) as [
    NativeConnection,
    NativeConnection,
  ];
  const codes = [first.setLinger(one, true)];
  const linger = second.getLinger(two);
  const exchanged = [outcome(() => first.probe(two)), outcome(() => second.probe(one))];
  const seen = endOf(peer);
  const closed = once(socket, 'close');
  socket.destroy();
  await closed;
  codes.push(first.setLinger(one, true), second.setLinger(two, true));
  const said: Copies = { codes, linger, exchanged, seen: await seen };
  console.log(JSON.stringify(said));
  stop();
}

main(process.argv[2] as string);
