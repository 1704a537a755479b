/**
 * One connection from open to gone: the only file where events meet decisions. The way of a disconnect, in order:
 *
 *  1. `websocket.ts`: the user calls close(), or ws does when the peer's close frame has come. Both arrive in `close()` here.
 *  2. `transport.ts` tells of the socket's 'error', 'end' and 'close', before ws is told: ws drops the cause.
 *  3. `ending.ts`, made now, samples how far the connection has come.
 *  4. `lifecycle.ts` decides (pure): it keeps the first cause, and answers with effects.
 *  5. `#apply()` here carries them out: wait, RST, destroy, linger, resume a paused reader, or emit 'close' without ws.
 *  6. `lingering.ts` takes the socket over where it is to go on delivering; the WebSocket is closed all the same.
 *  7. ws calls `emitClose()` when its socket has closed, or the watchdog does: the one place where a connection ends.
 *  8. `classify.ts` judges the cause (pure), and `ending.ts` makes the CloseInfo.
 *  9. `group.ts` counts, logs and announces it; then 'disconnect' is emitted, and ws emits 'close'.
 *
 * An open connection has little: a server may hold many that are idle, so what only the end needs is made then.
 */
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import type { CloseInfo, Phase } from '../close-info';
import type { Snapshot } from '../liveness/watch';
import { MAX_TIMER, type Settings } from '../options';
import { findSocket } from '../socket-control/choose';
import type { TransportLook } from '../socket-control/contract';
import { hasKeepAlive, keepAlive, type TransportHandle, transportHandle } from '../socket-control/handle';
import type { NativeConnection } from '../socket-control/native';
import { keepPeerAddress, peerAddress, warn } from '../telemetry/log';
import { closeListenerFor, type Internals, type OpeningRequest, Upstream, type UpstreamSocket } from '../upstream';
import { closeErrorOf, systemError } from './classify';
import { now } from './clock';
import { Ending } from './ending';
import type { Group } from './group';
import { type Effect, initial, NO_SAMPLE, type Observation, type State, step } from './lifecycle';
import {
  countInput,
  type InputCounter,
  isBusy,
  isCounting,
  isInflating,
  NO_TRAFFIC,
  observe,
  observerOf,
  queuedInSender,
  type SocketObserver,
  TrafficMeter,
} from './transport';

const kConnection = Symbol('ws-linger connection');

type Owner = object & { [kConnection]?: Connection };
type Sender = NonNullable<Internals['_sender']>;
type BaseMethods = Pick<Upstream, 'close' | 'terminate'> & Pick<Internals, 'setSocket' | 'emitClose'>;

/** The connection of a WebSocket; undefined for one that this package did not make and that was not attached. */
export function connectionOf(ws: Owner): Connection | undefined {
  return ws[kConnection];
}

export class Connection implements SocketObserver {
  info: CloseInfo | null = null;
  readonly #ws: UpstreamSocket;
  /** ws's own methods, which the WebSocket's methods of the same names hide. */
  readonly #base: BaseMethods;
  readonly #group: Group;
  #state: State = initial;
  #counted = false;
  #stream: Duplex | null = null;
  #handle: TransportHandle | null = null;
  #found: NativeConnection | null = null;
  #counter: InputCounter | null = null;
  #pingedAt: number | null = null;
  #rtt: number | null = null;
  #upstreamOnError: Sender['onerror'];
  #ending: Ending | null = null;

  constructor(ws: UpstreamSocket, base: BaseMethods, group: Group) {
    this.#ws = ws;
    this.#base = base;
    this.#group = group;
    Object.defineProperty(ws, kConnection, { value: this });
  }

  get #settings(): Settings {
    return this.#group.settings;
  }

  /** Watches the request of a client's opening handshake; called again after a redirect. */
  watchRequest(request: OpeningRequest): void {
    if (!this.#counted) this.#moved(null, 'opening');
    request.prependListener('error', (error: Error) => this.onError(error));
    // Set by ws for handshakeTimeout. A time-out that the user sets on the request ends nothing by itself.
    if (request.timeout) request.prependListener('timeout', () => this.onError(systemError('ETIMEDOUT')));
  }

  setSocket(socket: Duplex, head: Buffer, options: object): void {
    this.watchSocket(socket);
    this.#base.setSocket.call(this.#ws, socket, head, options);
    this.#watchSender();
    this.opened();
  }

  /** Adds our listeners before ws's own: ws drops the error, and the cause must be known before ws acts on it. */
  watchSocket(socket: Duplex): void {
    this.#stream = socket;
    keepPeerAddress(socket, this.#settings.logger);
    this.#handle = transportHandle(socket);
    this.#found = findSocket(socket, this.#settings);
    observe(socket, this);
    socket.prependListener('end', socketOnEnd);
    keepAlive(socket, this.#settings.keepAlive);
    this.#watchSender(); // it is there already where ws was attached later
    const [state] = step(this.#state, { type: 'open' }, NO_SAMPLE, this.#settings);
    this.#enter(state);
  }

  /** To be called once the WebSocket is open, too. */
  opened(): void {
    this.#group.opened(this.#ws, this, this.#state.phase === 'open');
  }

  /** Where a message cannot be sent (a broken Blob, a failed deflate), ws ends the connection without calling close(). */
  #watchSender(): void {
    const sender = this.#ws._sender;
    const onerror = sender?.onerror;
    if (!sender || !onerror) return;
    this.#upstreamOnError = onerror;
    sender.onerror = senderOnError;
  }

  /** Begins the closing handshake. ws calls this too: when the peer's close frame comes, and when the peer breaks the protocol. */
  close(code?: number, reason?: string | Buffer, within?: number): void {
    const ws = this.#ws;
    if (within !== undefined) this.#ending?.lingering?.shorten(now() + within);
    if (ws.readyState === Upstream.CONNECTING) this.#step({ type: 'abort' });
    const broken = ws._receiver?.errored;
    if (broken) this.#onProtocolError(broken);
    if (ws.readyState === Upstream.OPEN) this.#beginEnding().holdCloseFrameCallback();
    try {
      this.#base.close.call(ws, code, reason);
    } finally {
      // Also where it has thrown: some versions of ws are closing by then.
      if (ws.readyState === Upstream.CLOSING && this.#stream) {
        this.#beganClosing(ws._closeFrameReceived ? 'peer' : 'local', within);
      }
    }
  }

  closeAsync(code?: number, reason?: string | Buffer, within?: number): Promise<CloseInfo> {
    this.close(code, reason, within);
    if (this.info) return Promise.resolve(this.info);
    return new Promise((resolve) => this.#beginEnding().resolvers.push(resolve));
  }

  #beganClosing(by: 'local' | 'peer', within?: number): void {
    const ws = this.#ws;
    // The limits are this package's. A timer that does nothing replaces ws's, for users who look at `_closeTimer`.
    clearTimeout(ws._closeTimer ?? undefined);
    ws._closeTimer = setTimeout(() => {}, Math.min(ws._closeTimeout ?? 30_000, MAX_TIMER));
    this.#step({ type: 'close', by, within });
  }

  terminate(): void {
    const lingering = this.#ending?.lingering;
    const { terminate } = this.#settings;
    if (lingering) lingering.cut(terminate);
    else this.#end(terminate === 'reset' ? 'abort' : 'destroy');
  }

  abort(): void {
    const lingering = this.#ending?.lingering;
    if (lingering) lingering.cut('reset');
    else this.#end('abort');
  }

  /** Ends the connection. Called by ws when the socket has closed, or by the watchdog. */
  emitClose(): void {
    const ws = this.#ws;
    if (this.info) {
      // The socket has reported 'close' after the watchdog; ws has put the state back on the way here.
      ws._readyState = Upstream.CLOSED;
      return;
    }
    this.#step({ type: 'closed' });
    const ending = this.#beginEnding();
    ending.stop();
    clearTimeout(ws._closeTimer ?? undefined);
    const info = ending.describe(this.#state);
    this.info = info;
    this.#group.ended(ws, info, this.#stream);
    for (const resolve of ending.resolvers) resolve(info); // their awaiters run after this turn
    try {
      ws.emit('disconnect', info);
    } finally {
      try {
        this.#base.emitClose.call(ws);
      } finally {
        ending.lingering?.keepObserved();
      }
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

  /** ws emits the error when it has closed. Without a listener that would end the process for what a peer did. */
  #onProtocolError(error: Error): void {
    this.#keepAddress();
    this.#step({ type: 'protocol-error', error: closeErrorOf(error) });
    if (this.#settings.guard && this.#ws.listenerCount('error') === 0) this.#ws.once('error', () => {});
  }

  onClose(): void {
    this.#beginEnding().socketClosed = true;
    // ws reports errors in what it still reads from its buffers without calling close().
    this.#ws._receiver?.prependListener('error', (error: Error) => this.#onProtocolError(error));
  }

  onSenderError(error: Error): void {
    const open = this.#ws.readyState === Upstream.OPEN;
    this.#beginEnding().senderFailed = true;
    this.#upstreamOnError?.call(this.#ws._sender as Sender, error);
    if (open) this.#beganClosing('local');
  }

  onEnd(): void {
    const socket = this.#stream;
    if (socket?.writableEnded) {
      this.#step({ type: 'fin', by: 'local' });
    } else if (this.#beginEnding().control()?.probe() === 'reset') {
      // RST came behind unread data: libuv reports the data, then an end like any other.
      this.onError(systemError('ECONNRESET', 'read'));
    } else {
      this.#step({ type: 'fin', by: 'peer' });
    }
  }

  #end(type: 'abort' | 'destroy'): void {
    const ending = this.#ending;
    if (this.#ws.readyState === Upstream.CLOSED || ending?.socketClosed || ending?.lingering) return;
    this.#step({ type });
    // Without a socket there is only the opening handshake to end, and ws does that.
    if (!this.#stream) this.#base.terminate.call(this.#ws);
  }

  /** Closes the WebSocket now, as if its socket had closed; the socket goes on delivering what was sent. */
  #linger(): void {
    const ending = this.#beginEnding();
    if (ending.socketClosed || this.#stream?.destroyed !== false) return;
    this.onClose();
    ending.linger(this.#group, this.#state.deadlineAt);
    try {
      closeListenerFor(this.#ws).call(this.#stream);
    } finally {
      ending.lingering?.begin(); // also where a listener of 'close' has thrown
    }
  }

  #step(event: Observation): void {
    const { _closeFrameSent, _closeFrameReceived } = this.#ws;
    if (_closeFrameSent && _closeFrameReceived && !this.#state.bothCloseFrames) {
      this.#dispatch({ type: 'both-close-frames' });
    }
    this.#dispatch(event);
  }

  #dispatch(event: Observation): void {
    const ending = this.#beginEnding();
    const [state, effects] = step(this.#state, event, ending.sample(), this.#settings);
    this.#enter(state);
    // Of a connection that is lost or cut, the counts of this moment are kept.
    if (state.cause?.type === 'error' || state.phase === 'cut') ending.keepTraffic();
    for (const effect of effects) this.#apply(effect);
  }

  #enter(state: State): void {
    const before = this.#state.phase;
    this.#state = state;
    if (state.phase !== before) this.#moved(before, state.phase);
  }

  isIdle(): boolean {
    return this.#stream?.writableLength === 0 && !isBusy(this.#ws._sender);
  }

  snapshot(): Snapshot {
    const stream = this.#stream;
    if (stream) this.#counter ??= countInput(stream, this.#handle);
    const traffic = stream ? new TrafficMeter(stream, this.#handle, this.#counter).read() : NO_TRAFFIC;
    return {
      ...traffic,
      queued: traffic.unsent + queuedInSender(this.#ws),
      countsInput: stream?.isPaused() === false && (this.#counter !== null || isCounting(stream, this.#handle)),
      busy: traffic.unsent === 0 && isBusy(this.#ws._sender),
    };
  }

  lookAtTransport(): TransportLook | null {
    return this.#beginEnding().control()?.look() ?? null;
  }

  ping(): void {
    if (this.#ws.readyState !== Upstream.OPEN) return;
    // Of the receiver, since users may remove all listeners of the WebSocket.
    if (this.#rtt === null && this.#pingedAt === null) this.#ws._receiver?.on('pong', () => this.#onPong());
    this.#pingedAt = performance.now();
    this.#ws.ping();
  }

  #onPong(): void {
    if (this.#pingedAt === null) return;
    this.#rtt = performance.now() - this.#pingedAt;
    this.#pingedAt = null;
    this.#group.metrics.measuredRtt(this.#rtt);
  }

  /** The round trip of the last ping that was answered, in ms; null before that, and without a heartbeat. */
  get rtt(): number | null {
    return this.#rtt;
  }

  retire(): void {
    this.close(1001);
  }

  giveUp(why: 'timed-out' | 'slow-consumer'): void {
    this.#keepAddress();
    this.#step({ type: 'give-up', why });
  }

  /** Node keeps an address that was asked for while the connection stands, and the log line comes later. */
  #keepAddress(): void {
    peerAddress(this.#stream);
  }

  /** Counts a change of phase, from the first that follows `new WebSocket(null)`, with which servers begin. */
  #moved(from: Phase | null, to: Phase): void {
    this.#group.moved(this.#counted ? from : null, to, this);
    this.#counted = true;
  }

  #beginEnding(): Ending {
    this.#ending ??= new Ending(this.#ws, this.#settings, {
      stream: this.#stream,
      handle: this.#handle,
      found: this.#found,
      counter: this.#counter,
    });
    return this.#ending;
  }

  #apply(effect: Effect): void {
    if (typeof effect === 'object') {
      this.#beginEnding().wake(effect.wakeIn, (lateBy) => {
        const tick = this.#beginEnding().tick(this.#state, lateBy);
        if (tick) this.#step(tick);
      });
    } else if (effect === 'reset') {
      this.#ws._readyState = Upstream.CLOSING;
      this.#beginEnding()
        .control()
        ?.abort((how) => {
          this.#beginEnding().forced = how;
        });
    } else if (effect === 'destroy') {
      this.#beginEnding().forced = 'destroy';
      this.#beginEnding().control()?.finish();
      this.#base.terminate.call(this.#ws);
    } else if (effect === 'linger') {
      this.#linger();
    } else if (effect === 'resume') {
      this.#ws.resume();
    } else {
      warn(this.#settings.logger, { event: 'watchdog' }, "ws did not emit 'close' by itself, so it is emitted now");
      // ws would close the inflater under a message, whose callback would then throw. Unused, it is collected.
      if (isInflating(this.#ws)) this.#ws._extensions = {};
      this.#ws.emitClose();
    }
  }
}

// One function serves all connections, which are found by the socket: a closure for each would cost memory.

function socketOnEnd(this: Duplex): void {
  observerOf(this)?.onEnd?.();
}

function senderOnError(this: Sender, error: Error): void {
  const owner = observerOf(this._socket);
  if (owner instanceof Connection) owner.onSenderError(error);
}
