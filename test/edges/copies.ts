/** node copies.js FILE: loads the addon and FILE, a copy of it, and passes a handle of each to the other. */
import { once } from 'node:events';
import { loadNative } from '../../dist/socket-control/load.js';
import { type NativeBinding, type NativeConnection, resolveConnection } from '../../dist/socket-control/native.js';
import { endOf } from '../support/peer.js';
import { tcpPair } from '../support/tcp-pair.js';

/** Printed as one line of JSON. */
export interface Copies {
  /** Results of abort(): of both copies, then of both after the connection has closed. */
  codes: number[];
  /** The result of each copy's probe() for the other's handle. */
  exchanged: unknown[];
  /** How the peer was ended. */
  seen: string;
}

/** Returns the result of a call, or the name of its error. */
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
  const codes = [first.abort(one), second.abort(two)];
  const exchanged = [outcome(() => first.probe(two)), outcome(() => second.probe(one))];
  const seen = endOf(peer);
  const closed = once(socket, 'close');
  socket.destroy();
  await closed;
  codes.push(first.abort(one), second.abort(two));
  const result: Copies = { codes, exchanged, seen: await seen };
  console.log(JSON.stringify(result));
  stop();
}

main(process.argv[2] as string);
