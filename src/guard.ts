/**
 * Connections that are not WebSockets yet. Between 'upgrade' and handleUpgrade() nobody listens at the socket, so that a peer
 * lost there would kill the process; and of a peer lost earlier nobody would hear.
 */
import type { Server, Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { isLost } from './classify';
import { closeErrorOf } from './close-error';
import { logEnd } from './log';
import type { Settings } from './options';

interface Guarded {
  readonly settings: Settings;
  /** What had been written to the peer when it connected, or when it last asked for something. */
  answered: number;
}

const guarded = new WeakMap<object, Guarded>();

/** Guards each connection of an HTTP server until it is a WebSocket. Returns what takes the guard off again. */
export function guard(server: Server, settings: Settings): () => void {
  const onConnection = (socket: Socket) => guardSocket(socket, settings);
  // 'clientError' would tell of lost connections too, but a listener there takes Node's own answers away.
  const connected = server instanceof TlsServer ? 'secureConnection' : 'connection';
  const onTlsFailed = (error: Error, socket: Socket) => report('tls-failed', error, socket, settings);
  server.prependListener(connected, onConnection);
  server.prependListener('tlsClientError', onTlsFailed);
  server.prependListener('upgrade', onUpgrade);
  return () => {
    server.removeListener(connected, onConnection);
    server.removeListener('tlsClientError', onTlsFailed);
    server.removeListener('upgrade', onUpgrade);
  };
}

/** To be called when a WebSocket has taken the socket over, which listens for itself. */
export function release(socket: object): void {
  if (guarded.delete(socket)) (socket as Socket).removeListener('error', onError);
}

function guardSocket(socket: Socket, settings: Settings): void {
  guarded.set(socket, { settings, answered: socket.bytesWritten });
  socket.on('error', onError);
}

function onUpgrade(_request: unknown, socket: Socket): void {
  const watched = guarded.get(socket);
  if (watched) watched.answered = socket.bytesWritten;
}

/** One function for all sockets: a server may hold many that are idle. */
function onError(this: Socket, error: NodeJS.ErrnoException): void {
  const watched = guarded.get(this);
  const code = String(error.code);
  if (!isLost(code) && this.listenerCount('error') === 1) {
    // Somebody's mistake, which would have been thrown without this listener, so it is.
    this.removeListener('error', onError);
    this.emit('error', error);
    return;
  }
  // A peer that has its answer and leaves is no failure, and HTTP's own connections end like this all day. To a request that
  // is malformed or ends in its middle, Node has given its own answer before the error comes.
  const unanswered = watched?.answered === this.bytesWritten || code.startsWith('HPE_');
  if (watched && unanswered) report('upgrade-failed', error, this, watched.settings);
}

function report(kind: 'upgrade-failed' | 'tls-failed', error: Error, socket: Socket, { logger }: Settings): void {
  const end = { kind, origin: 'peer', phase: 'opening', code: 1006, expected: true, elapsedMs: 0 } as const;
  const { remoteAddress } = (socket as { _parent?: Socket | null })._parent ?? socket;
  logEnd(logger, 'opening-failed', { ...end, error: closeErrorOf(error) }, remoteAddress);
}
