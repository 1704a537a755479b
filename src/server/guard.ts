/**
 * Guards the connections of an HTTP server until they are WebSockets. Between 'upgrade' and handleUpgrade() a socket has no
 * 'error' listener, so that a peer that is lost there would end the process. A peer that is lost earlier is counted and logged.
 */
import { Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';
import type { FailedOpening } from '../close-info';
import { closeErrorOf, judgeLost } from '../connection/classify';
import { isStream, observe, observerOf, type SocketObserver } from '../connection/transport';
import { afterPoll, stopTimer, unrefTimer } from '../liveness/clock';
import { ASLEEP_MS } from '../liveness/running-time';
import type { Settings } from '../options';
import { type OpeningFailedMessage, openingFailedChannel } from '../telemetry/diagnostics';
import { keepPeerAddress, logEnd, peerAddress, wantsPeerAddress } from '../telemetry/log';
import type { Metrics } from '../telemetry/metrics';
import { catchLostConnection, hasOtherErrorListener } from './orphan-errors';
import { beforeEvents, type Handlers } from './server-events';

/** An upgrade request that was not answered in the turn of the loop in which it came. */
interface Pending {
  /** Bytes that had been written to the peer before the request, or by the last look at its refusal. */
  readonly written: number | undefined;
  readonly timer: NodeJS.Timeout;
}

type UpgradeListener = (...args: never[]) => void;

export function isGuarded(socket: object): boolean {
  return observerOf(socket)?.kind === 'guard';
}

export class Guard implements SocketObserver {
  readonly kind = 'guard';
  readonly settings: Settings;
  readonly metrics: Metrics;
  #upgradeTimeout: number;
  readonly #pending = new Map<Duplex, Pending>();
  /** What was first written in answer to upgrade requests. Streams whose writes cannot be seen are taken for accepted. */
  readonly #answers = new WeakMap<Duplex, 'accepted' | 'refused'>();
  /** An HTTP server listens for errors until 'upgrade'. Other server types may leave the socket without an 'error' listener. */
  #onlyHttp = true;
  #isTlsError = false;
  /** Listeners of 'upgrade' that WebSocketServers have added. */
  readonly #answerers = new WeakMap<UpgradeListener, () => boolean>();
  #stop = () => {};

  constructor(settings: Settings, metrics: Metrics) {
    this.settings = settings;
    this.metrics = metrics;
    this.#upgradeTimeout = settings.upgradeTimeout;
  }

  /** Of upgrade requests nobody knows for whom they are: all have the longest limit that was asked for. */
  waitAtLeast(upgradeTimeout: number): void {
    this.#upgradeTimeout = Math.max(this.#upgradeTimeout, upgradeTimeout);
  }

  /** Sockets that have asked for an upgrade and have no answer yet. */
  get upgrading(): Iterable<Duplex> {
    return this.#pending.keys();
  }

  watch(server: Server): void {
    this.#onlyHttp = server instanceof HttpServer || server instanceof HttpsServer;
    const add = (socket: Socket) => this.#add(socket);
    const fromTheStart: Handlers = server instanceof TlsServer ? { secureConnection: add } : { connection: add };
    // Until 'upgrade' and 'connect' an HTTP server has a listener of errors, and tells of them.
    const fromUpgrade: Handlers = {
      clientError: (error: Error, socket: Socket) => this.#onClientError(error, socket),
      connect: (_request: unknown, socket: Socket) => add(socket),
    };
    this.#stop = beforeEvents(server, {
      connection: (socket: Socket) => {
        if (wantsPeerAddress(this.settings.logger) && canBeGuarded(socket)) peerAddress(socket);
      },
      tlsClientError: (error: Error, socket: Socket) => this.#onTlsError(error, socket),
      upgrade: (_request: unknown, socket: Duplex) => this.#onUpgrade(server, socket),
      ...(this.#onlyHttp ? fromUpgrade : fromTheStart),
    });
  }

  stop(): void {
    this.#stop();
  }

  /** `answersAlone`: whether it is ws alone that answers where it is called, asked at each upgrade. */
  trust(listener: UpgradeListener, answersAlone: () => boolean): void {
    this.#answerers.set(listener, answersAlone);
  }

  #add(socket: Duplex): void {
    if (!canBeGuarded(socket) || observerOf(socket)) return; // another server on the same port has it
    keepPeerAddress(socket, this.settings.logger);
    observe(socket, this);
    if (!this.#onlyHttp) socket.on('error', swallowLostConnection);
  }

  /** Returns what is to be called after the listeners: Node's own emits 'clientError' for an HTTPS server. */
  #onTlsError(error: Error, socket: Socket): () => void {
    this.report('tls-failed', error, socket);
    this.#isTlsError = true;
    return () => {
      this.#isTlsError = false;
    };
  }

  /** The socket has reported the error already, unless the request was malformed: then it may be destroyed for that next. */
  #onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (this.#isTlsError || !canBeGuarded(socket) || observerOf(socket)) return;
    this.#add(socket);
    if (socket.destroyed) this.onError(error, socket);
  }

  /** Returns what is to be called after the listeners, when most sockets are WebSockets. No error is emitted sooner. */
  #onUpgrade(server: Server, socket: Duplex): (() => void) | undefined {
    const listeners = server.listeners('upgrade');
    if (!isStream(socket) || listeners.length === 0) return undefined;
    if (listeners.length === 1 && this.#answerers.get(listeners[0] as UpgradeListener)?.())
      return () => this.#afterWs(socket);
    if (!Object.isExtensible(socket)) return undefined;
    this.#add(socket); // it may have been connected before the guard was added
    // Only the first bytes of an answer tell a refusal from another protocol.
    const written = bytesWritten(socket);
    const isSeen = addStandIns(socket);
    if (!isSeen && written === undefined) this.#answers.set(socket, 'accepted');
    return () => this.#limitAnswer(socket, written);
  }

  /** There was no need to watch who answers first. ws refuses by end(), and else has made a WebSocket of it. */
  #afterWs(socket: Duplex): void {
    if (observerOf(socket) || !Object.isExtensible(socket)) return;
    this.#add(socket);
    if (socket.writableEnded) this.#answers.set(socket, 'refused');
    else addStandIns(socket);
    this.#limitAnswer(socket, bytesWritten(socket));
  }

  /** Starts the time limit of an upgrade request, unless the socket is a WebSocket by now. */
  #limitAnswer(socket: Duplex, written: number | undefined): void {
    if (observerOf(socket) !== this) return;
    this.#startLimit(socket, written);
    if (this.#onlyHttp) socket.on('error', swallowLostConnection);
  }

  #startLimit(socket: Duplex, written: number | undefined): void {
    const due = performance.now() + this.#upgradeTimeout;
    const onTime = () => {
      // While the process was stopped nobody could answer.
      if (performance.now() - due >= ASLEEP_MS) this.#startLimit(socket, written);
      else this.#reap(socket, written);
    };
    const timer = setTimeout(onTime, this.#upgradeTimeout);
    unrefTimer(timer);
    this.#pending.set(socket, { written, timer });
  }

  /** Stops waiting for an answer: the socket is a WebSocket, or closed. */
  onReplaced(socket: Duplex): void {
    const pending = this.#pending.get(socket);
    stopTimer(pending?.timer);
    this.#pending.delete(socket);
    if (pending || !this.#onlyHttp) socket.removeListener('error', swallowLostConnection);
  }

  onError(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (!hasOtherErrorListener(socket) && !judgeLost(error)) return; // it is thrown
    const pending = this.#pending.get(socket);
    // A peer that leaves after its answer is no failure: HTTP connections end like this. A request that is malformed or ends in
    // its middle is one, though Node has answered it before the error comes.
    const isAnswered = this.#answers.has(socket) || (socket as Socket).bytesWritten !== (pending?.written ?? 0);
    const unanswered = !isAnswered || error.code?.startsWith('HPE_');
    // Node sets this for a request that is being answered: it was no upgrade.
    const { _httpMessage: request } = socket as { _httpMessage?: object | null };
    if (unanswered && !request) this.report('upgrade-failed', error, socket);
    // After an invalid TLS record Node reports the error and leaves the socket open.
    if (pending) socket.destroy();
  }

  onClose(socket: Duplex): void {
    this.onReplaced(socket);
  }

  noteAnswer(socket: Duplex, chunk: unknown): void {
    if (!this.#answers.has(socket)) this.#answers.set(socket, isRefusal(chunk) ? 'refused' : 'accepted');
  }

  /** Closes what nobody has answered, and what was refused and is over. Any other socket has an owner. */
  #reap(socket: Duplex, written: number | undefined): void {
    // A socket that was handed to a child process has no handle here any more.
    if ((socket as { _handle?: object | null })._handle === null && !socket.destroyed) return;
    const { bytesWritten } = socket as Socket;
    const isSilent = bytesWritten === written && socket.writableLength === 0;
    const answer = this.#answers.get(socket);
    if (!answer && isSilent && !socket.writableEnded) {
      this.metrics.upgradeReaped('abandoned');
      this.report('upgrade-failed', null, socket);
      socket.destroy();
    } else if (answer === 'refused') {
      // Nobody reads: the peer's FIN would not be seen, and input that is unread when the socket is closed makes a RST of its FIN.
      if (socket.readableFlowing === null) socket.resume();
      const isOver = socket.writableEnded ? socket.writableFinished : socket.readableEnded && isSilent;
      if (!isOver) this.#startLimit(socket, bytesWritten);
      else {
        this.metrics.upgradeReaped('refused');
        afterPoll(() => socket.destroy()); // once the input is read
      }
    }
  }

  /** Without an error it was this side that gave no answer. */
  report(kind: 'upgrade-failed' | 'tls-failed', error: Error | null, socket: Duplex): void {
    const origin = error ? 'peer' : 'local';
    const lost: FailedOpening = error && hasSentNothing(socket) ? 'no-request' : kind;
    this.metrics.openingFailed(lost);
    const told = {
      kind: lost,
      origin,
      error: error && closeErrorOf(error),
      remoteAddress: peerAddress(socket),
    } as const;
    // A lost peer is expected; an application that gives no answer is not.
    const end = { ...told, phase: 'opening', code: 1006, expected: error !== null } as const;
    logEnd(this.settings.logger, 'opening-failed', end, socket);
    if (openingFailedChannel.hasSubscribers) openingFailedChannel.publish(told satisfies OpeningFailedMessage);
  }
}

/** Whether bytes begin an answer that gives the peer nothing: whatever else is written is a protocol of the application's own. */
function isRefusal(chunk: unknown): boolean {
  if (typeof chunk === 'function' || chunk === null || chunk === undefined) return true; // end() without any bytes
  const text = chunk instanceof Uint8Array ? Buffer.from(chunk.subarray(0, 16)).toString('latin1') : String(chunk);
  return /^HTTP\/1\.[01] [345]/.test(text);
}

/** Anybody may emit a server's events by hand, with anything: a mock, a frozen stream. */
function canBeGuarded(socket: Partial<Duplex> | null | undefined): boolean {
  return isStream(socket) && Object.isExtensible(socket);
}

/** Below TLS, where there is TLS: its first message counts. */
function hasSentNothing(socket: Duplex): boolean {
  const tcp = (socket as { _parent?: Duplex | null })._parent ?? socket;
  return (tcp as Socket).bytesRead === 0;
}

/** Stand in for a socket's write() and end() until one of them is called. Others may have wrapped them meanwhile, and stay. */
const STAND_INS = { write: standIn('write'), end: standIn('end') };

function standIn(name: 'write' | 'end') {
  const value = function noteFirstWrite(this: Duplex, ...args: unknown[]): unknown {
    removeStandIns(this);
    const observer = observerOf(this);
    if (observer?.kind === 'guard') (observer as Guard).noteAnswer(this, args[0]);
    return Reflect.get(Object.getPrototypeOf(this), name, this).apply(this, args);
  };
  return { value, writable: true, enumerable: true, configurable: true };
}

/** Returns whether the writes will be seen: what others have in this place stays there. */
function addStandIns(socket: Duplex): boolean {
  if (Object.hasOwn(socket, 'write') || Object.hasOwn(socket, 'end')) return false;
  return (
    Reflect.defineProperty(socket, 'write', STAND_INS.write) && Reflect.defineProperty(socket, 'end', STAND_INS.end)
  );
}

/** In the order in which it costs nothing: the property that was added last goes first. */
function removeStandIns(socket: Duplex): void {
  for (const name of ['end', 'write'] as const) {
    const own = Object.getOwnPropertyDescriptor(socket, name);
    if (own?.value === STAND_INS[name].value) Reflect.deleteProperty(socket, name);
  }
}

/** As `bytesWritten`, which makes lists of what waits, even of nothing. Undefined for a stream that does not count. */
function bytesWritten(socket: Duplex): number | undefined {
  const counts = socket as { _bytesDispatched?: number; bytesWritten?: number };
  return (socket.writableLength > 0 ? undefined : counts._bytesDispatched) ?? counts.bytesWritten;
}

const swallowLostConnection = catchLostConnection(() => {});
