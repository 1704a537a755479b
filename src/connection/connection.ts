/**
 * One connection's way to its end: the only file where events meet decisions. It listens at the socket, asks lifecycle.ts
 * what to do, does it, and at the end lets classify.ts judge.
 */
import type { Duplex } from 'node:stream';
import type { CloseInfo, Phase } from '../close-info';
import { closeErrorOf, systemError } from '../errors';
import type { Snapshot } from '../liveness/watch';
import type { Settings } from '../options';
import { findSocket } from '../socket-control/choose';
import type { TransportLook } from '../socket-control/contract';
import { type TransportHandle, transportHandle } from '../socket-control/handle';
import type { NativeConnection } from '../socket-control/native';
import { warn } from '../telemetry/log';
import { keepPeerAddress, peerAddress } from '../telemetry/peer-address';
import {
  closeListenerFor,
  holdCloseFrameCallback,
  type Internals,
  type OpeningRequest,
  Upstream,
  type UpstreamSocket,
} from '../upstream';
import { Ending, hasKeepAlive } from './ending';
import type { Group } from './group';
import { type Effect, initial, type Observation, type State, step } from './lifecycle';
import { observe, observerOf, type SocketObserver } from './socket-observer';
import { snapshotOf } from './traffic';

const kConnection = Symbol('ws-linger connection');

type Owner = object & { [kConnection]?: Connection };
type Sender = NonNullable<Internals['_sender']>;
type BaseMethods = Pick<Upstream, 'close' | 'terminate'> & Pick<Internals, 'setSocket' | 'emitClose'>;

/** The connection of a WebSocket; undefined when this package has nothing to do with it. */
export function connectionOf(ws: Owner): Connection | undefined {
  return ws[kConnection];
}

/** A server may hold many that are open and idle, so an open one has little: what only its end needs is made then. */
export class Connection implements SocketObserver {
  info: CloseInfo | null = null;
  readonly #ws: UpstreamSocket;
  /** ws's own methods, below the ones that lead here. */
  readonly #base: BaseMethods;
  readonly #group: Group;
  #state: State = initial;
  #counted = false;
  #stream: Duplex | null = null;
  #handle: TransportHandle | null = null;
  #found: NativeConnection | null = null;
  #upstreamOnError: Sender['onerror'];
  #madeEnding: Ending | null = null;

  constructor(ws: UpstreamSocket, base: BaseMethods, group: Group) {
    this.#ws = ws;
    this.#base = base;
    this.#group = group;
    Object.defineProperty(ws, kConnection, { value: this });
  }

  get #settings(): Settings {
    return this.#group.settings;
  }

  /** The opening handshake of a client goes through this request. */
  watchRequest(request: OpeningRequest): void {
    if (!this.#counted) this.#moved(null, 'opening');
    request.prependListener('error', (error: Error) => this.onError(error));
    // ws's handshakeTimeout; a time-out that the user sets on the request ends nothing by itself.
    if (request.timeout) request.prependListener('timeout', () => this.onError(systemError('ETIMEDOUT')));
  }

  setSocket(socket: Duplex, head: Buffer, options: object): void {
    this.watchSocket(socket);
    this.#base.setSocket.call(this.#ws, socket, head, options);
    this.#watchSender();
    this.opened();
  }

  /** Before ws's own listeners: ws drops the error, and the cause must be known before ws acts on it. */
  watchSocket(socket: Duplex): void {
    this.#stream = socket;
    keepPeerAddress(socket, this.#settings.logger);
    this.#handle = transportHandle(socket);
    this.#found = findSocket(socket, this.#settings);
    observe(socket, this);
    socket.prependListener('end', socketOnEnd);
    this.#watchSender(); // there already when ws was attached later
    const [state] = step(this.#state, { type: 'open' }, this.#settings);
    this.#enter(state);
  }

  /** To be called once the WebSocket is open too. */
  opened(): void {
    this.#group.opened(this.#ws, this, this.#state.phase === 'open');
  }

  /** A message that cannot be sent (a broken Blob, a failed deflate) ends the connection inside ws, past close(). */
  #watchSender(): void {
    const sender = this.#ws._sender;
    const onerror = sender?.onerror;
    if (!sender || !onerror) return;
    this.#upstreamOnError = onerror;
    sender.onerror = senderOnError;
  }

  /** ws calls this too: when the peer's close frame comes, and when the peer breaks the protocol. */
  close(code?: number, reason?: string | Buffer, within?: number): void {
    const ws = this.#ws;
    if (ws.readyState === Upstream.CONNECTING) this.#step({ type: 'abort' });
    const broken = ws._receiver?.errored;
    if (broken) this.#onProtocolError(broken);
    if (ws.readyState === Upstream.OPEN && ws._sender) this.#ending.closeFrame = holdCloseFrameCallback(ws._sender);
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
    return new Promise((resolve) => this.#ending.resolvers.push(resolve));
  }

  #beganClosing(by: 'local' | 'peer', within?: number): void {
    const ws = this.#ws;
    // The limits here are this package's. ws's timer would only destroy; one that does nothing stands in its place, for
    // those who look at it.
    clearTimeout(ws._closeTimer ?? undefined);
    ws._closeTimer = setTimeout(() => {}, ws._closeTimeout ?? 30_000);
    this.#step({ type: 'close', by, within });
  }

  terminate(): void {
    this.#end(this.#settings.terminate === 'reset' ? 'abort' : 'destroy');
  }

  abort(): void {
    const lingering = this.#madeEnding?.lingering;
    if (lingering) lingering.abort();
    else this.#end('abort');
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
    this.#ending.stop();
    clearTimeout(ws._closeTimer ?? undefined);
    const info = this.#ending.describe(this.#state);
    this.info = info;
    this.#group.ended(ws, info, this.#stream ? peerAddress(this.#stream) : undefined);
    for (const resolve of this.#ending.resolvers) resolve(info); // heard after this turn
    try {
      ws.emit('disconnect', info);
    } finally {
      this.#base.emitClose.call(ws);
    }
  }

  onError(error: Error): void {
    const socket = this.#stream;
    const closeError = closeErrorOf(error);
    this.#step({
      type: 'error',
      error: closeError,
      ended: socket?.writableEnded ?? false,
      keepAlive: closeError.code === 'UNKNOWN' && socket !== null && hasKeepAlive(socket),
    });
  }

  /** ws emits the error once it has closed. Where nobody listens that would kill the process for what a peer did. */
  #onProtocolError(error: Error): void {
    this.#askWho();
    this.#step({ type: 'protocol-error', error: closeErrorOf(error) });
    if (this.#settings.guard && this.#ws.listenerCount('error') === 0) this.#ws.once('error', () => {});
  }

  onClose(): void {
    this.#ending.socketClosed = true;
    // Of what ws still reads from its buffers, it reports errors without a close().
    this.#ws._receiver?.prependListener('error', (error: Error) => this.#onProtocolError(error));
  }

  onSenderError(error: Error): void {
    const open = this.#ws.readyState === Upstream.OPEN;
    this.#ending.senderFailed = true;
    this.#upstreamOnError?.call(this.#ws._sender as Sender, error);
    if (open) this.#beganClosing('local');
  }

  onEnd(): void {
    const socket = this.#stream;
    if (socket?.writableEnded) {
      this.#step({ type: 'fin', by: 'local' });
    } else if (this.#ending.control?.probe() === 'reset') {
      // A reset that came behind unread data: libuv reports the data, then an end like any other.
      this.onError(systemError('ECONNRESET', 'read'));
    } else {
      this.#step({ type: 'fin', by: 'peer' });
    }
  }

  #end(type: 'abort' | 'destroy'): void {
    const ending = this.#madeEnding;
    if (this.#ws.readyState === Upstream.CLOSED || ending?.socketClosed || ending?.lingering) return;
    this.#step({ type });
    // Without a socket there is only the opening handshake to give up, and ws does that.
    if (!this.#stream) this.#base.terminate.call(this.#ws);
  }

  /** Closes the WebSocket now, as if its socket had closed; the socket goes on delivering what was sent. */
  #linger(): void {
    const ending = this.#ending;
    if (ending.socketClosed || this.#stream?.destroyed !== false) return;
    this.onClose();
    if (ending.closeFrame) ending.closeFrame.callback = null;
    ending.linger(this.#group, this.#state.deadlineAt);
    closeListenerFor(this.#ws).call(this.#stream);
    ending.lingering?.begin();
  }

  #step(event: Observation): void {
    const { _closeFrameSent, _closeFrameReceived } = this.#ws;
    if (_closeFrameSent && _closeFrameReceived && !this.#state.bothCloseFrames) {
      this.#dispatch({ type: 'both-close-frames' });
    }
    this.#dispatch(event);
  }

  #dispatch(event: Observation): void {
    const [state, effects] = step(this.#state, this.#ending.sample(event), this.#settings);
    this.#enter(state);
    // Once the connection is lost or about to be cut, the counts stand: what the socket tells later is its clean-up.
    if (state.cause?.type === 'error' || state.phase === 'cut') this.#ending.keepTraffic();
    for (const effect of effects) this.#apply(effect);
  }

  #enter(state: State): void {
    const before = this.#state.phase;
    this.#state = state;
    if (state.phase !== before) this.#moved(before, state.phase);
  }

  snapshot(): Snapshot {
    return snapshotOf(this.#ws, this.#stream, this.#handle, this.#madeEnding?.traffic());
  }

  lookAtTransport(): TransportLook | null {
    return this.#ending.control?.look() ?? null;
  }

  ping(): void {
    if (this.#ws.readyState === Upstream.OPEN) this.#ws.ping();
  }

  giveUp(why: 'timed-out' | 'slow-consumer'): void {
    this.#askWho();
    this.#step({ type: 'give-up', why });
  }

  /** While it can be told who it was that this side has to end the connection with. */
  #askWho(): void {
    if (this.#stream) void peerAddress(this.#stream);
  }

  /** One that nobody has begun to open does not count: `new WebSocket(null)` is what servers begin with. */
  #moved(from: Phase | null, to: Phase): void {
    this.#group.moved(this.#counted ? from : null, to, this);
    this.#counted = true;
  }

  get #ending(): Ending {
    this.#madeEnding ??= new Ending(this.#ws, this.#settings, {
      stream: this.#stream,
      handle: this.#handle,
      found: this.#found,
    });
    return this.#madeEnding;
  }

  #apply(effect: Effect): void {
    if (typeof effect === 'object') {
      this.#ending.wake(effect.wakeIn, (lateBy) => {
        const tick = this.#ending.tick(this.#state, lateBy);
        if (tick) this.#step(tick);
      });
    } else if (effect === 'reset') {
      this.#ws._readyState = Upstream.CLOSING;
      this.#ending.control?.abort((how) => {
        this.#ending.forced = how;
      });
    } else if (effect === 'destroy') {
      this.#ending.forced = 'destroy';
      this.#base.terminate.call(this.#ws);
    } else if (effect === 'linger') {
      this.#linger();
    } else if (effect === 'resume') {
      this.#ws.resume();
    } else {
      warn(this.#settings.logger, { event: 'watchdog' }, "ws did not emit 'close' by itself, so it is emitted now");
      this.#ws.emitClose();
    }
  }
}

// The same functions for all connections; each finds its own by the socket.

function socketOnEnd(this: Duplex): void {
  observerOf(this)?.onEnd?.();
}

function senderOnError(this: Sender, error: Error): void {
  const owner = observerOf(this._socket);
  if (owner instanceof Connection) owner.onSenderError(error);
}
