/** An 'error' listener for sockets that may have no other: it catches lost connections, and rethrows everything else. */
import type { Socket } from 'node:net';
import { judgeLost } from '../connection/classify';
import { withCode } from '../errors';

const kInternal = Symbol.for('ws-linger listener');

/** Marks a listener as this package's, which every copy of the package sees. */
export function markOurs<F extends (...args: never[]) => void>(listener: F): F {
  return Object.assign(listener, { [kInternal]: true });
}

export function isOurs(listener: object): boolean {
  return kInternal in listener;
}

/** Throws unless `target` has what listeners are added to. `call` is the function that was given it, `wanted` what it takes. */
export function checkEmitter(call: string, wanted: string, target: unknown): void {
  if (typeof (target as Partial<NodeJS.EventEmitter> | null | undefined)?.on === 'function') return;
  throw withCode(new TypeError(`${call} takes ${wanted}`), 'WSL_ERR_NOT_ATTACHABLE');
}

/** Whether the socket has an 'error' listener that is not this package's. */
export function hasOtherErrorListener(socket: NodeJS.EventEmitter): boolean {
  return socket.listeners('error').some((listener) => !isOurs(listener));
}

/**
 * Makes a listener that may be added to any socket. It calls `tell` for a lost connection, and for any error that another
 * listener handles (`isHandled`). Every other error it emits again without itself, so that it is thrown as without this package.
 */
export function catchLostConnection(tell: (socket: Socket, error: NodeJS.ErrnoException, isHandled: boolean) => void) {
  return markOurs(function onError(this: Socket, error: NodeJS.ErrnoException): void {
    const isHandled = hasOtherErrorListener(this);
    if (isHandled || judgeLost(error)) {
      tell(this, error, isHandled);
      return;
    }
    for (const listener of this.listeners('error')) this.removeListener('error', listener as () => void);
    this.emit('error', error);
  });
}
