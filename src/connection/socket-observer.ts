/**
 * Routes a socket's events to its current owner: the guard before the upgrade, the connection after it, and the lingering socket
 * after the WebSocket has closed. The listeners are the same functions for all sockets, and stay where they are when the owner
 * changes.
 */
import { errorMonitor } from 'node:events';
import type { Duplex } from 'node:stream';

export interface SocketObserver {
  /** Called before any listener of 'error'. */
  onError(error: NodeJS.ErrnoException, socket: Duplex): void;
  /** Called before any listener of 'close' that was added later. */
  onClose(socket: Duplex): void;
  /** Called before any listener of 'end'; only for sockets that are WebSockets. */
  onEnd?(): void;
  /** Called when another observer takes the socket over. */
  onReplaced?(socket: Duplex): void;
}

const kObserver = Symbol('ws-linger observer');

type Observed = Duplex & { [kObserver]?: SocketObserver };

export function observerOf(socket: object): SocketObserver | undefined {
  return (socket as Observed)[kObserver];
}

/** Makes `observer` the only one that is told of the socket's events. */
export function observe(socket: Duplex, observer: SocketObserver): void {
  const previous = observerOf(socket);
  previous?.onReplaced?.(socket);
  (socket as Observed)[kObserver] = observer;
  if (previous) return;
  // The list of errorMonitor costs less than a place in that of 'error'.
  socket.on(errorMonitor, onError);
  socket.prependListener('close', onClose);
}

function onError(this: Duplex, error: Error): void {
  observerOf(this)?.onError(error, this);
}

function onClose(this: Duplex): void {
  observerOf(this)?.onClose(this);
}
