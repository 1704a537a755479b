/**
 * Who hears of what happens on a socket: its guard until it is a WebSocket, its connection from then on. The listeners are the
 * same functions for all sockets, and stay where they are when the socket passes from one to the other.
 */
import { errorMonitor } from 'node:events';
import type { Duplex } from 'node:stream';

export interface Hearer {
  /** Before any listener of 'error' hears of it. */
  onError(error: NodeJS.ErrnoException, socket: Duplex): void;
  onClose(socket: Duplex): void;
  /** Before any listener of 'end' hears of it; only of sockets that are WebSockets. */
  onEnd?(): void;
}

const kHearer = Symbol('ws-linger hearer');

type Heard = Duplex & { [kHearer]?: Hearer };

export function hearerOf(socket: object): Hearer | undefined {
  return (socket as Heard)[kHearer];
}

/** From now on `hearer` hears of the socket, and nobody else. */
export function hear(socket: Duplex, hearer: Hearer): void {
  const isNew = hearerOf(socket) === undefined;
  (socket as Heard)[kHearer] = hearer;
  if (!isNew) return;
  // A list of its own costs less than a place in that of 'error'.
  socket.on(errorMonitor, onError);
  socket.prependListener('close', onClose);
}

function onError(this: Duplex, error: Error): void {
  hearerOf(this)?.onError(error, this);
}

function onClose(this: Duplex): void {
  hearerOf(this)?.onClose(this);
}
