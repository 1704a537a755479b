/**
 * The contract in plain JavaScript, for every platform and every stream.
 *
 * Node's public `resetAndDestroy()` is not enough: it throws on TLS sockets (nodejs/node#49484), and while a shutdown is
 * pending it fails with EINVAL, after which nothing can close the handle any more and the socket never reports 'close'.
 * So the reset is asked of the TCP handle below the stream, at the moment that the stream closes it, and never while a
 * shutdown is pending.
 */
import type { Duplex } from 'node:stream';
import { setImmediate } from '../real-timers';
import type { Aborting, SocketControl, TransportLook } from './contract';
import { howKnown, isLost, type TransportHandle, transportHandle } from './handle';
import { lookAtRow, type Row, rowOf } from './proc-net-tcp';

export class PortableControl implements SocketControl {
  readonly kind = 'portable';
  readonly #stream: Duplex;
  #row: Row | null | undefined;

  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  abort(asker: Aborting): void {
    const stream = this.#stream;
    if (stream.destroyed || !isShutdownPending(stream)) asker.onAborted(resetNow(stream));
    else resetAfterFin(stream, asker);
  }

  finish(): void {}

  look(): TransportLook | null {
    if (this.#row === undefined) this.#row = rowOf(this.#stream);
    return this.#row && lookAtRow(this.#row);
  }

  /** A TCP connection that was reset has no peer address any more; of others nothing can be known without reading. */
  probe(): 'connected' | 'peer-closed' | 'reset' | 'unknown' {
    return isLost(this.#stream) ? 'reset' : 'unknown';
  }
}

/** Between the call of `_final`, where Node asks for the shutdown, and 'finish'. */
function isShutdownPending(stream: Duplex): boolean {
  const state = (stream as { _writableState?: { finalCalled?: boolean } })._writableState;
  return state?.finalCalled === true && !stream.writableFinished;
}

/** end() handed its FIN to libuv: sent by 'finish', or within two turns of the loop unless a peer behind TLS stalls it. */
function resetAfterFin(stream: Duplex, asker: Aborting): void {
  let settled = false;
  const settle = () => {
    if (settled) return;
    settled = true;
    if (isShutdownPending(stream)) {
      stream.destroy();
      asker.onAborted('destroy');
    } else asker.onAborted(resetNow(stream));
  };
  stream.once('finish', settle);
  setImmediate(() => setImmediate(settle));
}

function resetNow(stream: Duplex): 'reset' | 'destroy' {
  const handle = transportHandle(stream);
  const how = howKnown(stream);
  // An own property, seen by this one handle only, which is closed by the next line and by nobody after it.
  if (handle && canReset(Object.getPrototypeOf(handle))) handle.close = closeByReset;
  stream.destroy();
  const isReset = handle !== null && lastReset === handle;
  lastReset = null;
  return isReset ? how : 'destroy';
}

type ResettableHandle = Required<Pick<TransportHandle, 'close' | 'reset'>>;

function canReset(methods: Partial<ResettableHandle>): boolean {
  return methods.reset !== undefined && methods.close !== undefined;
}

/** The handle that closeByReset() has reset. */
let lastReset: object | null = null;

/** The close() of a handle that is to be reset. One function for all: a closure would cost memory at each end. */
function closeByReset(this: TransportHandle, callback: () => void = ignore): void {
  const { close, reset } = Object.getPrototypeOf(this) as ResettableHandle;
  if (reset.call(this, callback) === 0) lastReset = this;
  // Node's reset() has closed the handle, and this does nothing more. Deno's takes no callback and leaves closing to this.
  close.call(this, callback);
}

function ignore(): void {}
