/**
 * Connections that are not WebSockets yet. Between 'upgrade' and handleUpgrade() nobody listens at the socket, so that a peer
 * lost there would kill the process; and of a peer lost earlier nobody would hear.
 */
import { Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';
import { closeErrorOf } from '../close-error';
import { judgeLost } from '../connection/classify';
import { type Hearer, hear, hearerOf } from '../connection/socket-observer';
import { type LingerOptions, parseOptions, type Settings } from '../options';
import { type OpeningFailedMessage, openingFailedChannel } from '../telemetry/diagnostics';
import { logEnd } from '../telemetry/log';
import { type Metrics, processMetrics } from '../telemetry/metrics';
import { keepPeerAddress, peerAddress } from '../telemetry/peer-address';
import { catchLost, isHeard } from './orphan-errors';

/** An upgrade request that was not answered in the turn in which it came. */
interface Pending {
  /** What had been written to the peer before. */
  readonly answered: number;
  readonly timer: NodeJS.Timeout;
}

export function isGuarded(socket: object): boolean {
  return hearerOf(socket) instanceof Guard;
}

/** To be called before a WebSocket takes the socket over, which listens for itself. */
export function release(socket: Duplex): void {
  const hearer = hearerOf(socket);
  if (hearer instanceof Guard) hearer.release(socket);
}

/** Guards the connections of an HTTP server, each until it is a WebSocket. */
export class Guard implements Hearer {
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
    if (hearerOf(socket)) return; // by another server on the same port, say
    keepPeerAddress(socket, this.settings.logger);
    hear(socket, this);
    if (!this.#onlyHttp) socket.on('error', nobodyElseHears);
  }

  wait(socket: Duplex, answered: number): void {
    const timer = setTimeout(() => this.#reap(socket, answered), this.settings.upgradeTimeout).unref();
    this.#pending.set(socket, { answered, timer });
    if (this.#onlyHttp) socket.on('error', nobodyElseHears);
  }

  release(socket: Duplex): void {
    const pending = this.#pending.get(socket);
    clearTimeout(pending?.timer);
    this.#pending.delete(socket);
    if (pending || !this.#onlyHttp) socket.removeListener('error', nobodyElseHears);
  }

  onError(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (!isHeard(socket) && !judgeLost(error)) return; // it will be thrown
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
    this.release(socket);
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
    logEnd(this.settings.logger, 'opening-failed', end, remoteAddress);
    if (openingFailedChannel.hasSubscribers) openingFailedChannel.publish(told satisfies OpeningFailedMessage);
  }
}

/** Nobody has answered it, or is about to. */
function wait(guard: Guard, socket: Duplex, answered: number): void {
  if (hearerOf(socket) === guard) guard.wait(socket, answered);
}

const nobodyElseHears = catchLost(() => {});

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
