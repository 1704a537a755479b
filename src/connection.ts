/**
 * One connection's way to its end: the only file where events meet decisions. It listens at the socket, asks lifecycle.ts
 * what to do, does it, and at the end lets classify.ts judge.
 */
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { classify } from './classify';
import { closeErrorOf, systemError } from './close-error';
import type { CloseInfo } from './close-info';
import type { Group } from './group';
import { release } from './guard';
import { type Effect, type Event, initial, type Look, type Phase, type State, step } from './lifecycle';
import { warn } from './log';
import type { Settings } from './options';
import { controlOf } from './socket-control/choose';
import type { SocketControl } from './socket-control/contract';
import { transportHandle } from './socket-control/handle';
import { NO_TRAFFIC, type Traffic, TrafficMeter } from './traffic';
import { type Internals, type OpeningRequest, Upstream, type UpstreamSocket } from './upstream';

const kConnection = Symbol('ws-linger connection');

/** What fits into any receive window: a peer that lives has it, so nobody needs to be asked about it. In bytes. */
const SURELY_ARRIVED = 64 * 1024;

type Owner = UpstreamSocket & { [kConnection]?: Connection };
type BaseMethods = Pick<Upstream, 'close' | 'terminate'> & Pick<Internals, 'setSocket' | 'emitClose'>;
type Unstamped<E> = E extends unknown ? Omit<E, keyof Look> : never;

/** The connection of a WebSocket, or undefined when this package has nothing to do with it. */
export function connectionOf(ws: object): Connection | undefined {
  return (ws as Owner)[kConnection];
}

export class Connection {
  info: CloseInfo | null = null;
  readonly #ws: UpstreamSocket;
  /** ws's own methods, below the ones that lead here. */
  readonly #base: BaseMethods;
  readonly #group: Group;
  readonly #settings: Settings;
  #state: State = initial;
  #stream: Duplex | null = null;
  #counted = false;
  #socketClosed = false;
  #senderFailed = false;
  #control: SocketControl | null = null;
  #traffic: TrafficMeter | null = null;
  #final: Traffic | null = null;
  #forced: 'reset' | 'destroy' | null = null;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #waiting: ((info: CloseInfo) => void)[] = [];

  constructor(ws: UpstreamSocket, base: BaseMethods, group: Group) {
    this.#ws = ws;
    this.#base = base;
    this.#group = group;
    this.#settings = group.settings;
    Object.defineProperty(ws, kConnection, { value: this });
  }

  /** The opening handshake of a client goes through this request. */
  watchRequest(request: OpeningRequest): void {
    if (!this.#counted) this.#moved(null, 'opening');
    request.prependListener('error', (error: Error) => this.#onError(error));
    // ws's handshakeTimeout; a time-out that the user sets on the request ends nothing by itself.
    if (request.timeout) request.prependListener('timeout', () => this.#onError(systemError('ETIMEDOUT')));
  }

  setSocket(socket: Duplex, head: Buffer, options: object): void {
    this.watchSocket(socket);
    this.#base.setSocket.call(this.#ws, socket, head, options);
    this.#watchSender();
  }

  /** Before ws's own listeners: ws drops the error, and the cause must be known before ws acts on it. */
  watchSocket(socket: Duplex): void {
    release(socket);
    this.#stream = socket;
    this.#traffic = new TrafficMeter(socket, transportHandle(socket));
    this.#control = controlOf(socket, this.#settings);
    socket.prependListener('error', (error: Error) => this.#onError(error));
    socket.prependListener('end', () => this.#onEnd(socket));
    socket.prependListener('close', () => {
      this.#socketClosed = true;
      // Of what ws still reads from its buffers, it reports errors without a close().
      this.#ws._receiver?.prependListener('error', (error: Error) => this.#onProtocolError(error));
    });
    this.#watchSender(); // there already when ws was attached later
    this.#step({ type: 'open' });
    this.#group.opened(this.#ws, this);
  }

  /** A message that cannot be sent (a broken Blob, a failed deflate) ends the connection inside ws, past close(). */
  #watchSender(): void {
    const sender = this.#ws._sender;
    const onerror = sender?.onerror;
    if (!sender || !onerror) return;
    sender.onerror = (error) => {
      const open = this.#ws.readyState === Upstream.OPEN;
      this.#senderFailed = true;
      onerror.call(sender, error);
      if (open) this.#beganClosing('local');
    };
  }

  /** ws calls this too: when the peer's close frame comes, and when the peer breaks the protocol. */
  close(code?: number, reason?: string | Buffer, within?: number): void {
    const ws = this.#ws;
    if (ws.readyState === Upstream.CONNECTING) this.#step({ type: 'abort' });
    const broken = ws._receiver?.errored;
    if (broken) this.#onProtocolError(broken);
    try {
      this.#base.close.call(ws, code, reason);
    } finally {
      // Also when it throws: some versions of ws are closing by then.
      if (ws.readyState === Upstream.CLOSING && this.#stream) {
        this.#beganClosing(ws._closeFrameReceived ? 'peer' : 'local', within);
      }
    }
  }

  closeAsync(code?: number, reason?: string | Buffer, within?: number): Promise<CloseInfo> {
    this.close(code, reason, within);
    if (this.info) return Promise.resolve(this.info);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #beganClosing(by: 'local' | 'peer', within?: number): void {
    // The limits here are this package's; ws's timer would only destroy.
    clearTimeout(this.#ws._closeTimer ?? undefined);
    this.#step({ type: 'close', by, within });
  }

  terminate(): void {
    const { terminate } = this.#settings;
    if (terminate === 'reset') this.#end('abort');
    // Of bytes that wait in the socket ws would drop those that the kernel does not take.
    else if (terminate === 'auto' && this.#measure().unsent > 0) this.#end('terminate');
    else this.#end('destroy');
  }

  abort(): void {
    this.#end('abort');
  }

  /** Called by ws when the socket has closed, or by the watchdog. The one place where a connection ends. */
  emitClose(): void {
    const ws = this.#ws;
    if (this.info) {
      // The socket reported 'close' after the watchdog had given it up; ws put the state back on the way here.
      ws._readyState = Upstream.CLOSED;
      return;
    }
    this.#step({ type: 'closed' });
    this.#stopTimer();
    const info = this.#describe();
    this.info = info;
    const { remoteAddress } = (this.#stream ?? {}) as { remoteAddress?: string };
    this.#group.ended(ws, info, remoteAddress);
    for (const resolve of this.#waiting) resolve(info); // heard after this turn
    try {
      ws.emit('disconnect', info);
    } finally {
      this.#base.emitClose.call(ws);
    }
  }

  #onError(error: Error): void {
    const socket = this.#stream;
    this.#step({
      type: 'error',
      error: closeErrorOf(error),
      ended: socket?.writableEnded ?? false,
      keepAlive: socket !== null && hasKeepAlive(socket),
    });
  }

  /** ws emits the error once it has closed. Where nobody listens that would kill the process for what a peer did. */
  #onProtocolError(error: Error): void {
    this.#step({ type: 'protocol-error', error: closeErrorOf(error) });
    if (this.#settings.guard && this.#ws.listenerCount('error') === 0) this.#ws.once('error', () => {});
  }

  #onEnd(socket: Duplex): void {
    if (socket.writableEnded) {
      this.#step({ type: 'fin', by: 'local' });
    } else if (this.#control?.probe() === 'reset') {
      // A reset that came behind unread data: libuv reports the data, then an end like any other.
      this.#onError(systemError('ECONNRESET', 'read'));
    } else {
      this.#step({ type: 'fin', by: 'peer' });
    }
  }

  #end(type: 'abort' | 'destroy' | 'terminate'): void {
    const ws = this.#ws;
    if (ws.readyState === Upstream.CLOSED || this.#socketClosed) return;
    this.#step({ type });
    // Without a socket there is only the opening handshake to give up, and ws does that.
    if (!this.#stream) this.#base.terminate.call(ws);
    else if (type === 'terminate' && this.#state.terminating) {
      // As after ws's own terminate(): nothing more is sent or heard.
      ws._readyState = Upstream.CLOSING;
      this.#stream.pause();
    }
  }

  #step(event: Unstamped<Event>): void {
    const { _closeFrameSent, _closeFrameReceived } = this.#ws;
    if (_closeFrameSent && _closeFrameReceived && !this.#state.bothCloseFrames) {
      this.#dispatch({ type: 'both-close-frames' });
    }
    this.#dispatch(event);
  }

  #dispatch(event: Unstamped<Event>): void {
    const { received, accepted, unsent } = this.#measure();
    const look: Look = {
      at: performance.now(),
      progress: received + accepted,
      queued: unsent + this.#queuedInSender(),
    };
    const stamped = { ...event, ...look } as Event;
    const before = this.#state.phase;
    const [state, effects] = step(this.#state, stamped, this.#settings);
    this.#state = state;
    if (state.phase !== before) this.#moved(before, state.phase);
    // Once the connection is lost or about to be cut, the counts stand: what the socket tells later is its clean-up.
    if (state.cause?.type === 'error' || state.phase === 'reset') this.#final ??= this.#traffic?.read() ?? NO_TRAFFIC;
    for (const effect of effects) this.#apply(effect);
  }

  look(): Traffic & { queued: number; paused: boolean } {
    const traffic = this.#measure();
    return { ...traffic, queued: traffic.unsent + this.#queuedInSender(), paused: this.#stream?.isPaused() ?? true };
  }

  ping(): void {
    if (this.#ws.readyState === Upstream.OPEN) this.#ws.ping();
  }

  giveUp(why: 'timed-out' | 'slow-consumer'): void {
    this.#step({ type: 'give-up', why });
  }

  /** One that nobody has begun to open does not count: `new WebSocket(null)` is what servers begin with. */
  #moved(from: Phase | null, to: Phase): void {
    this.#group.moved(this.#counted ? from : null, to, this);
    this.#counted = true;
  }

  #queuedInSender(): number {
    return this.#ws._sender?._bufferedBytes ?? 0;
  }

  #measure(): Traffic {
    return this.#final ?? this.#traffic?.read() ?? NO_TRAFFIC;
  }

  #apply(effect: Effect): void {
    if (typeof effect === 'object') {
      this.#stopTimer();
      const due = performance.now() + effect.wakeIn;
      this.#timer = setTimeout(() => {
        const lateBy = performance.now() - due;
        // Once the loop has polled, so that what came while it was busy has been read.
        this.#immediate = setImmediate(() => this.#tick(lateBy));
      }, effect.wakeIn);
    } else if (effect === 'reset') {
      this.#ws._readyState = Upstream.CLOSING;
      this.#control?.abort((how) => {
        this.#forced = how;
      });
    } else if (effect === 'destroy') {
      this.#forced = 'destroy';
      this.#base.terminate.call(this.#ws);
    } else if (effect === 'resume') {
      this.#ws.resume();
    } else {
      warn(
        this.#settings.logger,
        { event: 'watchdog' },
        "the socket never reported 'close', so it is emitted without it",
      );
      this.#ws.emitClose();
    }
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
  }

  #tick(lateBy: number): void {
    const stream = this.#stream;
    // Once the socket is closed, what is left is ws's receiver at work on what it has: the end is near, and ws's.
    if (!stream || this.#socketClosed) return;
    const paused = stream.isPaused() && !this.#state.terminating;
    const { accepted, unsent } = this.#measure();
    const quiet = performance.now() - this.#state.progressAt >= this.#settings.closeTimeout / 2;
    const asks = accepted > SURELY_ARRIVED && (quiet || this.#state.terminating);
    const outstanding = asks ? this.#control?.outstanding() : undefined;
    this.#step({
      type: 'tick',
      lateBy,
      paused,
      lost: paused && this.#control?.probe() === 'reset',
      busy: unsent === 0 && !this.#senderFailed && isBusy(this.#ws._sender),
      outstanding: outstanding ?? undefined,
      inFlight: outstanding === null,
    });
  }

  #describe(): CloseInfo {
    const { cause, endedIn, endingSince, bothCloseFrames } = this.#state;
    const ws = this.#ws;
    const error = cause && 'error' in cause ? cause.error : null;
    const traffic = this.#final ?? this.#traffic?.readAtEnd() ?? NO_TRAFFIC;
    return {
      ...classify(this.#state),
      phase: endedIn,
      code: ws._closeCode,
      reason: ws._closeMessage.toString(),
      clean: bothCloseFrames,
      forced: this.#forced,
      error,
      bytesReceived: traffic.received,
      bytesSent: traffic.accepted,
      bytesUnsent: traffic.unsent + this.#queuedInSender(),
      elapsedMs: endingSince === null ? 0 : performance.now() - endingSince,
    };
  }
}

/** Whether messages wait for deflate, or for a message that does. */
function isBusy(sender: Internals['_sender']): boolean {
  return sender !== null && ((sender._queue?.length ?? 0) > 0 || Boolean(sender._state ?? sender._deflating));
}

/** Whether TCP keep-alive was asked for on this socket. Node keeps that to itself, so its field is found by its name. */
function hasKeepAlive(socket: object): boolean {
  const field = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'kSetKeepAlive');
  return field !== undefined && (socket as Record<symbol, unknown>)[field] === true;
}
