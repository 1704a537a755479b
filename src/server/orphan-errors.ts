/** 'error' listeners that catch lost connections for which nobody else listens, and nothing else. */
import type { Socket } from 'node:net';
import { judgeLost } from '../connection/classify';

const kInternal = Symbol.for('ws-linger listener');

/** Whether anybody but this package listens for errors of the socket. */
export function hasOtherErrorListener(socket: NodeJS.EventEmitter): boolean {
  return socket.listeners('error').some((listener) => !(kInternal in listener));
}

/**
 * A listener that may be on any socket. An error that is no lost connection, and that nobody else listens for, is thrown from
 * the socket as it would have been without this; of all others `tell` is called, `isHandled` when somebody else listens too.
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
