/** 'error' listeners that catch lost connections for which nobody else listens, and nothing else. */
import type { Socket } from 'node:net';
import { judgeLost } from '../connection/classify';

const kOurs = Symbol.for('ws-linger listener');

/** Whether anybody but this package listens for errors of the socket. */
export function isHeard(socket: NodeJS.EventEmitter): boolean {
  return socket.listeners('error').some((listener) => !(kOurs in listener));
}

/**
 * A listener that may be on any socket. An error that is no lost connection, and that nobody else listens for, is thrown from
 * the socket as it would have been without this; of all others `tell` is called, `heard` when somebody else listens too.
 */
export function catchLost(tell: (socket: Socket, error: NodeJS.ErrnoException, heard: boolean) => void) {
  function onError(this: Socket, error: NodeJS.ErrnoException): void {
    const heard = isHeard(this);
    if (heard || judgeLost(error)) {
      tell(this, error, heard);
      return;
    }
    for (const listener of this.listeners('error')) this.removeListener('error', listener as () => void);
    this.emit('error', error);
  }
  return Object.assign(onError, { [kOurs]: true });
}
