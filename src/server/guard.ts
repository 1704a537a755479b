/**
 * Connections that are not WebSockets yet. Between 'upgrade' and handleUpgrade() nobody listens at the socket, so that a peer
 * lost there would kill the process; and of a peer lost earlier nobody would hear.
 */
import { Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';
import { closeErrorOf, judgeLost } from '../connection/classify';
import { observe, observerOf, type SocketObserver } from '../connection/transport';
import type { Settings } from '../options';
import { type OpeningFailedMessage, openingFailedChannel } from '../telemetry/diagnostics';
import { keepPeerAddress, logEnd, peerAddress } from '../telemetry/log';
import type { Metrics } from '../telemetry/metrics';
import { catchLostConnection, hasOtherErrorListener } from './orphan-errors';

/** An upgrade request that was not answered in the turn in which it came. */
interface Pending {
  /** What had been written to the peer before. */
  readonly answered: number;
  readonly timer: NodeJS.Timeout;
}

export function isGuarded(socket: object): boolean {
  return observerOf(socket) instanceof Guard;
}

/** Guards the connections of an HTTP server, each until it is a WebSocket. */
export class Guard implements SocketObserver {
  readonly settings: Settings;
  readonly metrics: Metrics;
  readonly #pending = new Map<Duplex, Pending>();
  /** HTTP itself listens for errors until 'upgrade'. Of what else there may be, nobody knows. */
  #onlyHttp = true;
  #stop = () => {};

  constructor(settings: Settings, metrics: Metrics) {
    this.settings = settings;
    this.metrics = metrics;
  }

  /** Sockets that have asked for an upgrade and wait. */
  get upgrading(): Iterable<Duplex> {
    return this.#pending.keys();
  }

  watch(server: Server): void {
    this.#onlyHttp = server instanceof HttpServer || server instanceof HttpsServer;
    // 'clientError' would tell of lost connections too, but a listener there takes Node's own answers away.
    const secure = server instanceof TlsServer;
    const connected = secure ? 'secureConnection' : 'connection';
    const onConnection = (socket: Socket) => {
      this.#add(socket);
      watchUpgrades();
    };
    const onConnecting = (socket: Socket) => keepPeerAddress(socket, this.settings.logger);
    const onTlsFailed = (error: Error, socket: Socket) => this.report('tls-failed', 'peer', error, socket);
    const onUpgrade = (_request: unknown, socket: Duplex) => {
      this.#add(socket); // one that was connected before the guard was there
      // Most are WebSockets by then. No error comes sooner.
      process.nextTick(wait, this, socket, (socket as Socket).bytesWritten);
    };
    // A listener of its own would make an upgrade of what Node otherwise answers as any other request.
    const watchUpgrades = () => {
      const listeners = server.listeners('upgrade');
      if (listeners.length > 1 && listeners[0] === onUpgrade) return;
      server.removeListener('upgrade', onUpgrade);
      if (server.listenerCount('upgrade') > 0) server.prependListener('upgrade', onUpgrade);
    };
    server.prependListener(connected, onConnection);
    if (secure) server.prependListener('connection', onConnecting).prependListener('tlsClientError', onTlsFailed);
    watchUpgrades();
    this.#stop = () => {
      server.removeListener(connected, onConnection);
      server.removeListener('connection', onConnecting).removeListener('tlsClientError', onTlsFailed);
      server.removeListener('upgrade', onUpgrade);
    };
  }

  stop(): void {
    this.#stop();
  }

  #add(socket: Duplex): void {
    if (observerOf(socket)) return; // by another server on the same port, say
    keepPeerAddress(socket, this.settings.logger);
    observe(socket, this);
    if (!this.#onlyHttp) socket.on('error', swallowLostConnection);
  }

  wait(socket: Duplex, answered: number): void {
    const timer = setTimeout(() => this.#reap(socket, answered), this.settings.upgradeTimeout).unref();
    this.#pending.set(socket, { answered, timer });
    if (this.#onlyHttp) socket.on('error', swallowLostConnection);
  }

  /** Stops waiting for an answer: the socket is a WebSocket, or closed. */
  onReplaced(socket: Duplex): void {
    const pending = this.#pending.get(socket);
    clearTimeout(pending?.timer);
    this.#pending.delete(socket);
    if (pending || !this.#onlyHttp) socket.removeListener('error', swallowLostConnection);
  }

  onError(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (!hasOtherErrorListener(socket) && !judgeLost(error)) return; // it will be thrown
    const pending = this.#pending.get(socket);
    // A peer that has its answer and leaves is no failure, and HTTP's own connections end like this all day. To a request that
    // is malformed or ends in its middle, Node has given its own answer before the error comes.
    const unanswered = (socket as Socket).bytesWritten === (pending?.answered ?? 0) || error.code?.startsWith('HPE_');
    // Node's own mark of a request that it has handed on to be answered: that was no upgrade.
    const { _httpMessage: request } = socket as { _httpMessage?: object | null };
    if (unanswered && !request) this.report('upgrade-failed', 'peer', error, socket);
    // TLS reports a record that is none and leaves the socket open, to nobody any more.
    if (pending) socket.destroy();
  }

  onClose(socket: Duplex): void {
    this.onReplaced(socket);
  }

  #reap(socket: Duplex, answered: number): void {
    const abandoned = (socket as Socket).bytesWritten === answered;
    // An answer, and somebody who reads on: another protocol, a proxy's say, has been accepted.
    if (!abandoned && !socket.writableEnded && socket.readableFlowing !== null) return;
    this.metrics.upgradeReaped(abandoned ? 'abandoned' : 'refused');
    if (abandoned) this.report('upgrade-failed', 'local', null, socket);
    socket.destroy();
  }

  report(kind: 'upgrade-failed' | 'tls-failed', origin: 'peer' | 'local', error: Error | null, socket: Duplex): void {
    this.metrics.openingFailed(kind);
    const remoteAddress = peerAddress(socket);
    const told = { kind, origin, error: error && closeErrorOf(error), remoteAddress };
    // That a peer is lost is expected; that the application leaves it without an answer is not.
    const end = { ...told, phase: 'opening', code: 1006, expected: origin === 'peer' } as const;
    logEnd(this.settings.logger, 'opening-failed', end, socket);
    if (openingFailedChannel.hasSubscribers) openingFailedChannel.publish(told satisfies OpeningFailedMessage);
  }
}

/** Nobody has answered it, or is about to. */
function wait(guard: Guard, socket: Duplex, answered: number): void {
  if (observerOf(socket) === guard) guard.wait(socket, answered);
}

const swallowLostConnection = catchLostConnection(() => {});
