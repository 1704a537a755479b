/**
 * The ws that this package builds on. Its dependency has a name of its own, since with an override of "ws" by this package a plain
 * dependency on "ws" would lead back here.
 */
import type { IncomingMessage, Server } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex, Writable } from 'node:stream';

import Upstream = require('ws-upstream');

export { Upstream };

/** A WebSocket class, a user's or ws's, whichever of the type declarations of ws describes it. */
export type SocketClass = Pick<typeof Upstream, 'CONNECTING' | 'OPEN' | 'CLOSING' | 'CLOSED'> &
  (new (
    ...args: never[]
  ) => Upstream);

/** A ClientRequest; its `timeout` is declared nowhere. */
export type OpeningRequest = NodeJS.EventEmitter & { timeout?: number; socket?: Duplex | null };

export type WriteCallback = (error?: Error) => void;

/** What is used of a ws WebSocket beyond its documented interface. The same in every ws 8. */
export interface Internals {
  _socket: Duplex | null;
  _receiver: Writable | null;
  _sender: {
    _socket: Duplex;
    _bufferedBytes: number;
    _queue?: unknown[];
    /** What it is at work on, 0 for nothing; `_deflating` in older versions. */
    _state?: number;
    _deflating?: boolean;
    onerror?: (error: Error) => void;
    /** Goes on with what waits for a message that is compressed, or for a Blob. */
    dequeue(): void;
    close(code: number | undefined, data: string | Buffer | undefined, mask: boolean, callback: WriteCallback): void;
  } | null;
  _readyState: number;
  _closeFrameReceived: boolean;
  _closeFrameSent: boolean;
  _closeCode: number;
  _closeMessage: Buffer;
  _extensions: object;
  _closeTimer: NodeJS.Timeout | null;
  /** The `closeTimeout` option of newer versions. */
  _closeTimeout?: number;
  /** Pongs that ws has sent by itself and that the peer's system has not taken, and how many there may be; newer versions. */
  _pendingAutoPongs?: number;
  _maxPendingAutoPongs?: number;
  _isServer: boolean;
  /** The request of the opening handshake; clients only, until it is answered. */
  _req?: OpeningRequest | null;
  setSocket(socket: Duplex, head: Buffer, options: object): void;
  emitClose(): void;
}

export type UpstreamSocket = Upstream & Internals;

/** The same for a ws WebSocketServer. */
export type UpstreamServer = Upstream.Server & {
  /** The HTTP server that it listens on, its own or the user's; null with `noServer` and after close(). */
  _server: Server | null;
  /** 0 until it is closed. */
  _state: number;
  options: Upstream.ServerOptions & { WebSocket: typeof Upstream; closeTimeout?: number };
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, callback: (ws: Upstream) => void): void;
};

const closeListeners = new WeakMap<object, (this: Duplex) => void>();

/**
 * The listener of a socket's 'close' in that copy of ws which made `ws`: called on a socket that is still open, it makes ws
 * let go of the socket and close its WebSocket. It is found on a socket made for that, since names of functions do not
 * survive every bundler.
 */
export function closeListenerFor(ws: UpstreamSocket): (this: Duplex) => void {
  let original = ws as { constructor: unknown };
  for (let step = Object.getPrototypeOf(ws); step; step = Object.getPrototypeOf(step)) {
    if (Object.hasOwn(step, 'setSocket')) original = step;
  }
  let listener = closeListeners.get(original);
  if (!listener) {
    const socket = new Socket(); // ws before 8.14 takes no other stream
    const WebSocket = original.constructor as new (
      address: null,
      protocols: undefined,
      options: object,
    ) => UpstreamSocket;
    new WebSocket(null, undefined, {}).setSocket(socket, Buffer.alloc(0), {});
    listener = socket.listeners('close')[0] as (this: Duplex) => void;
    socket.destroy();
    closeListeners.set(original, listener);
  }
  return listener;
}
