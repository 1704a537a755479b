/** The handle below a stream. Node does not document it, so every part is checked for before it is used. */
import type { Duplex } from 'node:stream';

export interface TransportHandle {
  bytesRead?: number;
  bytesWritten?: number;
  /** Bytes that libuv holds back, since the system does not take them. */
  writeQueueSize?: number;
  close?(callback?: () => void): void;
  /** TCP only. */
  reset?(callback: () => void): number;
  /** TCP only. Returns 0 or libuv's error number. */
  getpeername?(out: object): number;
  /** TCP only. The same for the local end. */
  getsockname?(out: object): number;
}

/** A TLS socket's handle wraps the handle below it; any other socket's is the one. Null for streams without. */
export function transportHandle(stream: Duplex): TransportHandle | null {
  const { _handle: handle } = stream as { _handle?: (TransportHandle & { _parent?: TransportHandle }) | null };
  return handle?._parent ?? handle ?? null;
}

interface End {
  address?: string;
  port?: number;
}

// Node's own getters of addresses keep them with the socket for good, which costs memory.

/** Both addresses of a TCP connection. */
export function endsOf(stream: Duplex): { local: End; peer: End } {
  const local = {};
  transportHandle(stream)?.getsockname?.(local);
  return { local, peer: peerOf(stream) };
}

/** The peer's address of a TCP connection; empty for others. */
export function peerOf(stream: Duplex): End {
  const peer = {};
  transportHandle(stream)?.getpeername?.(peer);
  return peer;
}

/** Whether the stream has a TCP connection below it that is not lost. */
export function isConnected(stream: Duplex): boolean {
  return transportHandle(stream)?.getpeername?.(unread) === 0;
}

/** Whether the stream had a TCP connection below it that is lost: it has no peer's address any more. */
export function isLost(stream: Duplex): boolean {
  const handle = transportHandle(stream);
  return handle?.getpeername !== undefined && handle.getpeername(unread) !== 0;
}

/** Takes an address that nobody asks for. */
const unread = {};

/**
 * What is known of a reset that is asked for now. Sources contradict each other on whether Windows still sends RST once a socket
 * has sent FIN (Microsoft's KB 176736 and ReactOS say no), so that only the close is known then. Other systems send it.
 */
export function howKnown(stream: Duplex): 'reset' | 'destroy' {
  return isWindows && stream.writableFinished ? 'destroy' : 'reset';
}

const isWindows = process.platform === 'win32';

/** The private part of Node's net.Server that waits for connections. */
interface CountingServer {
  readonly listening: boolean;
  _connections: number;
  /** Called when the server begins to close, and when a connection has closed. */
  _emitCloseIfDrained(): void;
}

type Accepted = { _server?: CountingServer | null; _parent?: Accepted | null };

function countingServer(stream: Accepted): CountingServer | null {
  const { _server = null } = stream._parent ?? stream;
  return typeof _server?._connections === 'number' && typeof _server._emitCloseIfDrained === 'function'
    ? _server
    : null;
}

/**
 * Takes a socket out of the count of its server when that is closing, so that the server's 'close' does not wait for it. Node does
 * the same with sockets that it hands to a child process, and has no public way. Before, it counts for `maxConnections`.
 */
export function leaveClosingServer(stream: Duplex): void {
  const server = countingServer(stream as Accepted);
  if (!server || server.listening) return;
  ((stream as Accepted)._parent ?? (stream as Accepted))._server = null;
  server._connections--;
  server._emitCloseIfDrained();
}

/** Servers with a stand-in, and whether their sockets have been told since they began to listen. */
const watchedServers = new WeakMap<CountingServer, { isTold: boolean }>();

/** Calls `onClosing` when the server that has accepted this socket begins to close, once for all of its sockets. */
export function watchServer(stream: Duplex, onClosing: () => void): void {
  const server = countingServer(stream as Accepted);
  if (!server) return;
  const known = watchedServers.get(server);
  const watched = known ?? { isTold: false };
  watched.isTold = false;
  if (known) return;
  watchedServers.set(server, watched);
  const { _emitCloseIfDrained } = server;
  const value = function (this: CountingServer) {
    if (!this.listening && !watched.isTold) {
      watched.isTold = true;
      onClosing();
    }
    _emitCloseIfDrained.call(this);
  };
  // Of a server that takes no property more, 'close' waits for all sockets, as with ws.
  Reflect.defineProperty(server, '_emitCloseIfDrained', { value, writable: true, configurable: true });
}

let kSetKeepAlive: symbol | undefined;

/** Whether TCP keep-alive is on. Node keeps that in a private field, which is found by its name. */
export function hasKeepAlive(stream: object): boolean {
  const { _parent: below } = stream as { _parent?: object | null };
  return isKeptAlive(stream) || (below ? isKeptAlive(below) : false);
}

function isKeptAlive(socket: object): boolean {
  kSetKeepAlive ??= Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'kSetKeepAlive');
  return kSetKeepAlive !== undefined && (socket as Record<symbol, unknown>)[kSetKeepAlive] === true;
}

/** The system counts whole seconds. What it refuses leaves it at its own two hours. */
const MIN_KEEP_ALIVE_MS = 1_000;
const MAX_KEEP_ALIVE_MS = 32_767_000; // MAX_TCP_KEEPIDLE in Linux's net/tcp.h

/** Turns TCP keep-alive on for a stream that has it, after so many idle ms; 0 for none. What the application has set stays. */
export function keepAlive(stream: Duplex, idleMs: number): void {
  const { setKeepAlive } = stream as { setKeepAlive?(on: boolean, idleMs: number): void };
  if (idleMs === 0 || !setKeepAlive || hasKeepAlive(stream)) return;
  setKeepAlive.call(stream, true, Math.min(Math.max(idleMs, MIN_KEEP_ALIVE_MS), MAX_KEEP_ALIVE_MS));
}
