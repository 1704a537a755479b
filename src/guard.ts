/**
 * Connections that are not WebSockets yet. Between 'upgrade' and handleUpgrade() nobody listens at the socket, so that a peer
 * lost there would kill the process; and of a peer lost earlier nobody would hear.
 */
import type { Server, Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { closeErrorOf } from './close-error';
import { type OpeningFailedMessage, openingFailedChannel } from './diagnostics';
import { logEnd } from './log';
import { type Metrics, processMetrics } from './metrics';
import { type LingerOptions, parseOptions, type Settings } from './options';
import { remoteAddressOf } from './socket-control/handle';
import { catchLost } from './unheard';

interface Guarded {
  readonly guard: Guard;
  /** What had been written to the peer when it connected, or when it asked for an upgrade. */
  answered: number;
  timer?: NodeJS.Timeout;
}

const guarded = new WeakMap<object, Guarded>();

export function isGuarded(socket: object): boolean {
  return guarded.has(socket);
}

/** To be called when a WebSocket has taken the socket over, which listens for itself. */
export function release(socket: object): void {
  guarded.get(socket)?.guard.release(socket as Socket);
}

/** Guards the connections of an HTTP server, each until it is a WebSocket. */
export class Guard {
  /** The sockets that are guarded at present. */
  readonly sockets = new Set<Socket>();
  readonly settings: Settings;
  readonly metrics: Metrics;
  #stop = () => {};

  constructor(settings: Settings, metrics: Metrics) {
    this.settings = settings;
    this.metrics = metrics;
  }

  watch(server: Server): void {
    // 'clientError' would tell of lost connections too, but a listener there takes Node's own answers away.
    const connected = server instanceof TlsServer ? 'secureConnection' : 'connection';
    const onConnection = (socket: Socket) => {
      this.add(socket);
      watchUpgrades();
    };
    const onTlsFailed = (error: Error, socket: Socket) => this.report('tls-failed', 'peer', error, socket);
    const onUpgrade = (_request: unknown, socket: Socket) => {
      this.add(socket); // one that was connected before the guard was there
      began(socket);
    };
    // A listener of its own would make an upgrade of what Node otherwise answers as any other request.
    const watchUpgrades = () => {
      server.removeListener('upgrade', onUpgrade);
      if (server.listenerCount('upgrade') > 0) server.prependListener('upgrade', onUpgrade);
    };
    server.prependListener(connected, onConnection);
    server.prependListener('tlsClientError', onTlsFailed);
    watchUpgrades();
    this.#stop = () => {
      server.removeListener(connected, onConnection);
      server.removeListener('tlsClientError', onTlsFailed);
      server.removeListener('upgrade', onUpgrade);
    };
  }

  stop(): void {
    this.#stop();
  }

  add(socket: Socket): void {
    if (guarded.has(socket)) return; // by another server on the same port, say
    void remoteAddressOf(socket);
    guarded.set(socket, { guard: this, answered: socket.bytesWritten });
    this.sockets.add(socket);
    socket.on('error', onError);
    socket.once('close', onClose);
  }

  release(socket: Socket): void {
    clearTimeout(guarded.get(socket)?.timer);
    guarded.delete(socket);
    this.sockets.delete(socket);
    socket.removeListener('error', onError);
    socket.removeListener('close', onClose);
  }

  report(kind: 'upgrade-failed' | 'tls-failed', origin: 'peer' | 'local', error: Error | null, socket: Socket): void {
    this.metrics.openingFailed(kind);
    const remoteAddress = remoteAddressOf(socket);
    const told = { kind, origin, error: error && closeErrorOf(error), remoteAddress };
    // That a peer is lost is expected; that the application leaves it without an answer is not.
    const end = { ...told, phase: 'opening', code: 1006, expected: origin === 'peer', elapsedMs: 0 } as const;
    logEnd(this.settings.logger, 'opening-failed', end, remoteAddress);
    if (openingFailedChannel.hasSubscribers) openingFailedChannel.publish(told satisfies OpeningFailedMessage);
  }
}

// One function of each for all sockets, found by the socket: a server may hold many that are idle.

function began(socket: Socket): void {
  const watched = guarded.get(socket);
  if (!watched) return;
  watched.answered = socket.bytesWritten;
  watched.timer = setTimeout(reap, watched.guard.settings.upgradeTimeout, socket, watched).unref();
}

function reap(socket: Socket, { guard, answered }: Guarded): void {
  const abandoned = socket.bytesWritten === answered;
  // An answer, and somebody who reads on: another protocol, a proxy's say, has been accepted.
  if (!abandoned && !socket.writableEnded && socket.readableFlowing !== null) return;
  guard.metrics.upgradeReaped(abandoned ? 'abandoned' : 'refused');
  if (abandoned) guard.report('upgrade-failed', 'local', null, socket);
  socket.destroy();
}

const onError = catchLost((socket, error) => {
  const watched = guarded.get(socket);
  // A peer that has its answer and leaves is no failure, and HTTP's own connections end like this all day. To a request that
  // is malformed or ends in its middle, Node has given its own answer before the error comes.
  const unanswered = watched?.answered === socket.bytesWritten || error.code?.startsWith('HPE_');
  // Node's own mark of a request that it has handed on to be answered: that was no upgrade.
  const { _httpMessage: request } = socket as { _httpMessage?: object | null };
  if (watched && unanswered && !request) watched.guard.report('upgrade-failed', 'peer', error, socket);
  // TLS reports a record that is none and leaves the socket open, to nobody any more.
  if (watched?.timer) socket.destroy();
});

function onClose(this: Socket): void {
  release(this);
}

/** The guards of servers, and how many have asked for each. */
const guards = new WeakMap<Server, { guard: Guard; users: number }>();

/** Guards a server's connections. Returns the guard and what takes it off; who asks second shares the first one's. */
export function guardOf(server: Server, settings: Settings, metrics: Metrics): { guard: Guard; stop(): void } {
  const entry = guards.get(server) ?? { guard: new Guard(settings, metrics), users: 0 };
  guards.set(server, entry);
  if (entry.users++ === 0) entry.guard.watch(server);
  let stopped = false;
  return {
    guard: entry.guard,
    stop() {
      if (stopped) return;
      stopped = true;
      if (--entry.users > 0) return;
      entry.guard.stop();
      guards.delete(server);
    },
  };
}

/**
 * Keeps peers that are lost before they are WebSockets from killing the process: during TLS, in their request, between
 * 'upgrade' and `handleUpgrade()`, after a refusal. Such a loss is logged and counted; any other error is left to whom it
 * would have met. An upgrade request that nobody answers within `upgradeTimeout` is closed.
 *
 * A `WebSocketServer` with `port` or `server`, and an attached one, do this for themselves; it is needed for `noServer`, and
 * for proxies. To be called once the server has its 'upgrade' listener. Guarding a server twice changes nothing.
 *
 * @param options - The `linger` options; `logger` and `upgradeTimeout` are of use here.
 * @returns What takes the guard off again.
 * @throws `WSL_ERR_*` for wrong options, before anything is touched.
 */
export function guardServer(server: Server, options?: LingerOptions): () => void {
  return guardOf(server, parseOptions(options), processMetrics.server).stop;
}
