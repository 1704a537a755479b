/** An 'error' listener for sockets that may have no other: it catches lost connections, and rethrows everything else. */
import type { Socket } from 'node:net';
import { judgeLost } from '../connection/classify';

const kInternal = Symbol.for('ws-linger listener');

/** Whether the socket has an 'error' listener that is not this package's. */
export function hasOtherErrorListener(socket: NodeJS.EventEmitter): boolean {
  return socket.listeners('error').some((listener) => !(kInternal in listener));
}

/**
 * Makes a listener that may be added to any socket. It calls `tell` for a lost connection, and for any error that another
 * listener handles (`isHandled`). Every other error it emits again without itself, so that it is thrown as without this package.
 */
export function catchLostConnection(tell: (socket: Socket, error: NodeJS.ErrnoException, isHandled: boolean) => void) {
  function onError(this: Socket, error: NodeJS.ErrnoException): void {
    const isHandled = hasOtherErrorListener(this);
    if (isHandled || judgeLost(error)) {
      tell(this, error, isHandled);
      return;
    }
    for (const listener of this.listeners('error')) this.removeListener('error', listener as () => void);
    this.emit('error', error);
  }
  return Object.assign(onError, { [kInternal]: true });
}
