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
import type { Duplex } from 'node:stream';
import type { CloseInfo, Phase } from '../close-info';
import { kConnection } from '../copies';
import { now, stopTimer, type Timers } from '../liveness/clock';
import { leave, VISIT_MS, type Visited, visit } from '../liveness/idle';
import { MAX_TIMER, type Settings } from '../options';
import { findSocket } from '../socket-control/choose';
import type { SocketControl } from '../socket-control/contract';
import { hasKeepAlive, keepAlive, peerOf, type TransportHandle, transportHandle } from '../socket-control/handle';
import type { NativeConnection } from '../socket-control/native';
import { keepPeerAddress, peerAddress, warn } from '../telemetry/log';
import {
  closeListenerFor,
  type Internals,
  type OpeningRequest,
  Upstream,
  type UpstreamSocket,
  type WriteCallback,
} from '../upstream';
import type { Ringing } from './alarm';
import { closeErrorOf, systemError } from './classify';
import { type CloseLimits, Ending } from './ending';
import type { Group } from './group';
import {
  type Effect,
  type GiveUpPolicy,
  howToCut,
  initial,
  NO_SAMPLE,
  type Observation,
  type OpeningFault,
  type State,
  step,
  WATCH,
} from './lifecycle';
import { openingFault } from './opening-fault';
import { Outflow } from './outflow';
import {
  brokenFrameBytes,
  bytesMoved,
  closeFrameBytes,
  countInput,
  hasUnread,
  type InputCounter,
  isInflating,
  isStream,
  observe,
  observerOf,
  type SocketObserver,
} from './transport';
import { Watched, type WatchedConnection } from './watched';

type Owner = object & { [kConnection]?: Connection };
/** Connections of WebSockets that take no property more. */
const sealed = new WeakMap<object, Connection>();
type Sender = NonNullable<Internals['_sender']>;
type BaseMethods = Pick<Upstream, 'close' | 'terminate'> & Pick<Internals, 'setSocket' | 'emitClose'>;

/** The connection of a WebSocket; undefined for one that this package did not make and that was not attached. */
export function connectionOf(ws: Owner): Connection | undefined {
  return ws[kConnection] ?? sealed.get(ws);
}

export class Connection implements SocketObserver, Visited, WatchedConnection {
  info: CloseInfo | null = null;
  /** The peer's address, once it is known. */
  address: string | undefined;
  // The transport, captured when it opens, because Node drops the handle on destroy.
  stream: Duplex | null = null;
  handle: TransportHandle | null = null;
  found: NativeConnection | null = null;
  counter: InputCounter | null = null;
  readonly #ws: UpstreamSocket;
  /** ws's own methods, which the WebSocket's methods of the same names hide. */
  readonly #base: BaseMethods;
  readonly group: Group;
  #state: State = initial;
  #counted = false;
  #watched: Watched | null = null;
  #openedAt: number | null = null;
  /** Bytes that had moved in both directions at the last visit, and when that visit was at which they had last grown. */
  #moved = 0;
  #movedAt = 0;
  #visitedAt = 0;
  /** At a visit: what has come by then may be read long after. */
  #wasPaused = false;
  #idleMs: number | null = null;
  #upstreamOnError: Sender['onerror'];
  #ending: Ending | null = null;
  #outflow: Outflow | null = null;

  constructor(ws: UpstreamSocket, base: BaseMethods, group: Group) {
    this.#ws = ws;
    this.#base = base;
    this.group = group;
    if (!Reflect.defineProperty(ws, kConnection, { value: this })) sealed.set(ws, this);
  }

  get kind(): 'connection' {
    return 'connection';
  }

  /** An 'error' listener of the application is told of the error. */
  get errorHeard(): boolean {
    return this.#ending?.errorHeard ?? false;
  }

  get #settings(): Settings {
    return this.group.settings;
  }

  /** The constructor of ws has thrown: there is no WebSocket. */
  neverBegan(): void {
    this.#enter({ ...this.#state, phase: 'closed' });
  }

  /** The WebSocket had closed before it was attached. */
  hadClosed(): void {
    const { _closeFrameSent, _closeFrameReceived } = this.#ws;
    const bothCloseFrames = _closeFrameSent && _closeFrameReceived;
    this.#state = { ...initial, phase: 'closed', endedIn: 'fin', cause: { type: 'unseen' }, bothCloseFrames };
    this.info = this.#beginEnding().describe(this.#state, null, null);
  }

  /** The opening handshake had failed, or was broken off here, before the WebSocket was attached. */
  hadBrokenOff(): void {
    this.#movedTo('opening');
    this.#state = { ...initial, cause: { type: 'unseen' } };
  }

  /** Watches the request of a client's opening handshake; called again after a redirect. */
  watchRequest(request: OpeningRequest): void {
    if (!this.#counted) this.#movedTo('opening');
    request.prependListener('error', (error: Error) => {
      this.#noteListener();
      this.#onError(error, openingFault(error, request));
    });
    // Set by ws for handshakeTimeout. A time-out that the user sets on the request ends nothing by itself.
    if (request.timeout) request.prependListener('timeout', () => this.onError(systemError('ETIMEDOUT')));
  }

  setSocket(socket: Duplex, head: Buffer, options: object): void {
    this.watchSocket(socket);
    try {
      this.#base.setSocket.call(this.#ws, socket, head, options);
    } finally {
      // Also where a listener of 'open' has thrown.
      if (this.#ws.readyState !== Upstream.CONNECTING) this.opened();
    }
  }

  /** Adds our listeners before ws's own: ws drops the error, and the cause must be known before ws acts on it. */
  watchSocket(socket: Duplex): void {
    this.#capture(socket);
    observe(socket, this);
    if (!canWait(this.#settings.keepAlive)) keepAlive(socket, this.#settings.keepAlive);
    const [state] = step(this.#state, { type: 'open' }, NO_SAMPLE, this.#settings);
    this.#enter(state);
  }

  #capture(socket: Duplex): void {
    this.stream = socket;
    this.handle = transportHandle(socket);
    this.found = findSocket(socket, this.#settings);
    keepPeerAddress(socket, this.#settings.logger);
  }

  /** To be called once the WebSocket is open, too. */
  opened(): void {
    const { watching } = this.group;
    this.#watchSender();
    // Something may have begun to end it since.
    if (this.#state.phase === 'open') {
      this.#openedAt = now();
      this.#movedAt = this.#openedAt;
      this.#visitedAt = this.#openedAt;
      this.#moved = bytesMoved(this.stream) ?? 0;
      visit(this);
      if (watching) {
        this.#watched = new Watched(this.#ws, this.stream, this.handle, this);
        watching.add(this.#watched);
      }
    }
    this.group.opened(this.#ws);
    if (this.#ws.listenerCount('flushed') > 0) this.watchOutflow();
  }

  noteBytes(): void {
    const at = now();
    const isFirst = this.#visitedAt === this.#openedAt;
    if (isFirst && this.stream && canWait(this.#settings.keepAlive)) keepAlive(this.stream, this.#settings.keepAlive);
    const moved = bytesMoved(this.stream) ?? 0;
    if (moved !== this.#moved) {
      // At some time since the last visit.
      this.#movedAt = (this.#visitedAt + at) / 2;
      this.#moved = moved;
    }
    this.#visitedAt = at;
    this.#wasPaused ||= this.stream?.isPaused?.() === true;
    // Asked late, since it takes a tenth of what accepting a connection costs, and most short connections need none.
    this.address ??= this.group.recentEnds && this.handle ? peerOf(this.stream as Duplex).address : undefined;
  }

  /** Keeps for how long the connection has been silent. The end's own bytes, which have come by now, are no sound. */
  #endSilence(at: number, moved: number | undefined, ownBytes: number): void {
    if (this.#openedAt === null || this.#idleMs !== null || moved === undefined) return;
    this.#idleMs = at - (moved > this.#moved + ownBytes ? (this.#visitedAt + at) / 2 : this.#movedAt);
  }

  /**
   * The sender is told of each close frame, whoever sends it: close() here, one that the application had patched before attach(), or
   * ws's own. Where a message cannot be sent (a broken Blob, a failed deflate), ws ends the connection without calling close().
   */
  #watchSender(): void {
    const sender = this.#ws._sender;
    const onerror = sender?.onerror;
    if (!sender || !onerror || onerror === senderOnError) return;
    this.#upstreamOnError = onerror;
    sender.onerror = senderOnError;
    sender.close = senderClose;
  }

  /** Begins the closing handshake. ws calls this too: when the peer's close frame comes, and when the peer breaks the protocol. */
  close(code?: number, reason?: string | Buffer, limits: CloseLimits = {}): void {
    const ws = this.#ws;
    const { within } = limits;
    if (within !== undefined) this.#ending?.lingering?.shorten(now() + within);
    if (ws.readyState === Upstream.CONNECTING) this.#step(ABORT);
    const broken = ws._receiver?.errored;
    if (broken) this.#onProtocolError(broken);
    if (ws.readyState === Upstream.OPEN) this.#beginEnding().closeLimits = limits;
    this.#watchSender(); // within 'open' it is not yet
    try {
      this.#base.close.call(ws, code, reason);
    } finally {
      // Also where it has thrown: some versions of ws are closing by then. Inside 'disconnect' nothing is left to begin.
      if (ws.readyState === Upstream.CLOSING && this.stream && !this.info) {
        this.#beganClosing(limits);
      }
    }
  }

  /** ws is about to send its close frame. Returns what is to be called when it was written. */
  onCloseFrame(code: number | undefined, reason: string, callback: WriteCallback): WriteCallback {
    const ownBytes = this.#ws._closeFrameReceived ? closeFrameBytes(this.#ws) : 0;
    this.#endSilence(now(), bytesMoved(this.stream), ownBytes);
    return this.#beginEnding().holdCloseFrame(code, reason, callback);
  }

  onCloseFrameSent(): void {
    if (!this.info) this.#stepClose(this.#beginEnding().closeLimits);
  }

  closeAsync(code?: number, reason?: string | Buffer, limits?: CloseLimits): Promise<CloseInfo> {
    this.close(code, reason, limits);
    if (this.info) return Promise.resolve(this.info);
    return new Promise((resolve) => {
      const ending = this.#beginEnding();
      ending.resolvers ??= [];
      ending.resolvers.push(resolve);
    });
  }

  #beganClosing(limits?: CloseLimits): void {
    const ws = this.#ws;
    const ending = this.#beginEnding();
    // The limits are this package's. A timer that does nothing replaces ws's, for users who look at `_closeTimer`.
    if (ending.closeTimer === null || ws._closeTimer !== ending.closeTimer) {
      stopTimer(ws._closeTimer ?? undefined);
      ending.closeTimer = setTimeout(ignore, Math.min(ws._closeTimeout ?? 30_000, MAX_TIMER));
      ws._closeTimer = ending.closeTimer;
    }
    this.#stepClose(limits);
  }

  #stepClose({ policy, within }: CloseLimits = {}): void {
    this.#noteCloseFrames();
    // A close() that is not the first one can only bring the deadline nearer.
    if (this.#state.phase !== 'open' && within === undefined) return;
    const by = this.#ws._closeFrameReceived ? 'peer' : 'local';
    this.#dispatch({ type: 'close', by, policy: by === 'local' ? policy : undefined, within });
  }

  terminate(): void {
    const lingering = this.#ending?.lingering;
    const { terminate } = this.#settings;
    if (lingering) lingering.cut(terminate);
    else if (terminate === 'reset') this.#end(ABORT);
    else this.#end({ type: 'destroy', policy: hasUnreadPongs(this.#ws) ? 'auto-pong-limit' : null });
  }

  abort(): void {
    const lingering = this.#ending?.lingering;
    if (lingering) lingering.cut('reset');
    else this.#end(ABORT);
  }

  /** Resolves with true when nothing that was sent waits in this process, and with false when the WebSocket has closed before that. */
  flushed(): Promise<boolean> {
    if (this.info || this.#ws.readyState === Upstream.CLOSED) return Promise.resolve(false);
    return this.stream ? this.#outflowOf(this.stream).flushed() : Promise.resolve(true);
  }

  /** To be called when a listener of 'flushed' was added. Before 'open' there is nothing to watch. */
  watchOutflow(): void {
    if (this.stream && !this.info) this.#outflowOf(this.stream).watch();
  }

  #outflowOf(stream: Duplex): Outflow {
    this.#outflow ??= new Outflow(this.#ws, stream);
    return this.#outflow;
  }

  /** Ends the connection. Called by ws when the socket has closed, or by the watchdog. */
  emitClose(): void {
    const ws = this.#ws;
    if (this.info) {
      // The socket has reported 'close' after the watchdog; ws has put the state back on the way here.
      ws._readyState = Upstream.CLOSED;
      return;
    }
    this.#step(CLOSED);
    const ending = this.#beginEnding();
    ending.stop();
    const info = ending.describe(this.#state, this.#openedAt, this.#idleMs);
    info.by ??= this.#endedInDrain(info) ? 'drain' : null;
    this.info = info;
    this.group.ended(ws, info, this);
    if (ending.resolvers) for (const resolve of ending.resolvers) resolve(info); // their awaiters run after this turn
    this.#outflow?.end();
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

  /** Whether the end began while the server was drained, or the deadline of a drain cut it. */
  #endedInDrain({ kind, forced }: CloseInfo): boolean {
    const { drainingSince } = this.group;
    if (drainingSince === null) return false;
    return (this.#state.endingSince ?? now()) >= drainingSince || (kind === 'close-timeout' && forced !== null);
  }

  onError(error: Error): void {
    this.#onError(error, null);
  }

  #onError(error: Error, fault: OpeningFault): void {
    const socket = this.stream;
    const closeError = closeErrorOf(error);
    const { code, syscall } = closeError;
    if (syscall === 'write') this.#beginEnding().writeFailed = true;
    this.#step({
      type: 'error',
      error: closeError,
      // After the peer's end ws ends the socket too, before the probe has said how it was lost.
      ended: socket?.writableEnded === true && this.#ending?.probedByWrite !== true,
      keepAlive: (code === 'UNKNOWN' || code === 'ETIMEDOUT') && socket !== null && hasKeepAlive(socket),
      isSocket: socket === null || this.handle !== null,
      fault,
    });
  }

  /** ws emits the error when it has closed. Without a listener that would end the process for what a peer did. */
  #onProtocolError(error: Error): void {
    this.#keepAddress();
    const moved = bytesMoved(this.stream);
    this.#endSilence(now(), moved, brokenFrameBytes(this.#ws, (moved ?? 0) - this.#moved));
    this.#step({ type: 'protocol-error', error: closeErrorOf(error) });
    this.#noteListener();
    if (this.#settings.guard && this.#ws.listenerCount('error') === 0) this.#ws.once('error', ignoreError);
  }

  /** To be called before ws emits an error: whether the application will be told. */
  #noteListener(): void {
    if (this.#ws.listeners('error').some((listener) => listener !== ignoreError)) this.#beginEnding().errorHeard = true;
  }

  onClose(): void {
    const ending = this.#beginEnding();
    ending.socketClosed = true;
    // A listener that has thrown may have stopped ws's receiver for good: then ws never emits 'close'.
    if (this.#state.phase === 'open') ending.watch(now());
    // ws reports errors in what it still reads from its buffers without calling close().
    if (hasUnread(this.#ws, this.stream))
      this.#ws._receiver?.prependListener('error', (error: Error) => this.#onProtocolError(error));
  }

  onSenderError(error: Error): void {
    const open = this.#ws.readyState === Upstream.OPEN;
    this.#beginEnding().senderFailed = true;
    this.#upstreamOnError?.call(this.#ws._sender as Sender, error);
    if (open) this.#beganClosing();
  }

  onEnd(): void {
    const socket = this.stream;
    // A stream of HTTP/2 whose peer has ended the session ends on both sides, by being destroyed.
    const isTornDown = this.handle === null && socket?.destroyed === true;
    if (socket?.writableEnded && !isTornDown) {
      this.#step({ type: 'fin', by: 'local' });
    } else if (socket && this.#isBehindData() && this.#beginEnding().control()?.probe() === 'reset') {
      this.#onLostBehindData(socket);
    } else {
      this.#step({ type: 'fin', by: 'peer' });
    }
  }

  /** Whether the end may be behind data. Without it no loss is, and asking the system costs as much as a message. */
  #isBehindData(): boolean {
    return this.#wasPaused || bytesMoved(this.stream) !== this.#moved;
  }

  /**
   * The connection was lost behind unread data: libuv reports the data, then an end like any other. Whether RST came or no answer
   * did, the system tells the next write, even one of no bytes. TLS passes none on, and is taken for reset.
   */
  #onLostBehindData(socket: Duplex & { encrypted?: boolean }): void {
    const onReset = () => this.onError(systemError('ECONNRESET', 'read'));
    const ending = this.#beginEnding();
    // Now, since a write that fails takes what it held out of the queue.
    ending.traffic();
    ending.keepTraffic();
    if (socket.encrypted) onReset();
    else {
      ending.probedByWrite = true;
      socket.write('', (error) => error || onReset());
    }
  }

  #end(observation: Observation): void {
    const ending = this.#ending;
    if (this.#ws.readyState === Upstream.CLOSED || ending?.socketClosed || ending?.lingering) return;
    this.#step(observation);
    // Without a socket there is only the opening handshake to end, and ws does that.
    if (!this.stream) this.#base.terminate.call(this.#ws);
  }

  /** Closes the WebSocket now, as if its socket had closed; the socket goes on delivering what was sent. */
  #linger(): void {
    const ending = this.#beginEnding();
    if (ending.socketClosed || this.stream?.destroyed !== false) return;
    if (!isStream(this.stream)) {
      this.stream.destroy();
      this.#ws.emitClose();
      return;
    }
    this.onClose();
    ending.linger(this.group, this.#state.wait?.deadlineAt ?? now());
    try {
      closeListenerFor(this.#ws).call(this.stream);
    } finally {
      ending.lingering?.begin(); // also where a listener of 'close' has thrown
    }
  }

  #step(event: Observation): void {
    this.#noteCloseFrames();
    this.#dispatch(event);
  }

  #noteCloseFrames(): void {
    const { _closeFrameSent, _closeFrameReceived } = this.#ws;
    if (_closeFrameSent && _closeFrameReceived && !this.#state.bothCloseFrames) this.#dispatch(BOTH_CLOSE_FRAMES);
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
    if (state.phase === before) return;
    if (before === 'open') {
      const ending = this.#beginEnding();
      this.#endSilence(ending.sampledAt, ending.moved(), 0);
      leave(this);
      if (this.#watched) this.group.watching?.remove(this.#watched);
    }
    this.#movedTo(state.phase, before);
  }

  /** Node keeps an address that was asked for while the connection stands, and the log line comes later. */
  #keepAddress(): void {
    this.address ??= peerAddress(this.stream);
  }

  // ---------- What the liveness checks ask for ----------

  control(): SocketControl | null {
    return this.#beginEnding().control();
  }

  countInput(): InputCounter | null {
    if (this.stream) this.counter ??= countInput(this.stream, this.handle);
    return this.counter;
  }

  giveUp(policy: GiveUpPolicy): void {
    this.#keepAddress();
    this.#step({ type: 'give-up', policy });
  }

  retire(timers: Timers): void {
    this.close(1001, undefined, { policy: 'max-age', timers });
  }

  measuredRtt(ms: number): void {
    this.group.measuredRtt(this.#ws, ms);
  }

  /** The round trip of the last ping that was answered, in ms; null before that, and without a heartbeat. */
  get rtt(): number | null {
    return this.#watched?.rtt ?? null;
  }

  /** Counts a change of phase, from the first that follows `new WebSocket(null)`, with which servers begin. */
  #movedTo(to: Phase, from: Phase | null = null): void {
    this.group.metrics.moved(this.#counted ? from : null, to);
    this.#counted = true;
  }

  #beginEnding(): Ending {
    if (!this.#ending) {
      this.countInput();
      this.#ending = new Ending(this.#ws, this.#settings, this);
    }
    return this.#ending;
  }

  onAlarm(how: Ringing): void {
    const tick = this.#beginEnding().tick(this.#state, how);
    if (tick) this.#step(tick);
  }

  #apply(effect: Effect): void {
    if (effect === WATCH) {
      // It may have closed at once.
      const ending = this.#beginEnding();
      if (!this.info) ending.watch(ending.sampledAt);
    } else if (typeof effect === 'object') {
      this.#beginEnding().wake(effect.wakeIn, this.#state);
    } else if (effect === 'reset') {
      this.#ws._readyState = Upstream.CLOSING;
      const ending = this.#beginEnding();
      ending.control()?.abort(ending);
    } else if (effect === 'destroy') {
      this.#beginEnding().forced = 'destroy';
      this.#beginEnding().control()?.finish();
      this.#base.terminate.call(this.#ws);
    } else if (effect === 'linger' && this.#settings.maxLingering === 0) {
      this.#apply(howToCut(this.#settings.onTimeout, 0));
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

/**
 * Whether TCP keep-alive is turned on at the first visit only: it makes an opening some 5 % dearer, and short connections need none.
 * Linux counts from the last byte that came (tcp_sock_set_keepidle()), so it finds a peer no later; other systems may count from then.
 */
function canWait(keepAliveMs: number): boolean {
  return process.platform === 'linux' && keepAliveMs >= 2 * VISIT_MS;
}

function ignore(): void {}

function ignoreError(): void {}

const BOTH_CLOSE_FRAMES: Observation = { type: 'both-close-frames' };
const ABORT: Observation = { type: 'abort' };
const CLOSED: Observation = { type: 'closed' };

// One function serves all connections, which are found by the socket: a closure for each would cost memory.

function senderOnError(this: Sender, error: Error): void {
  const owner = observerOf(this._socket);
  if (owner?.kind === 'connection') (owner as Connection).onSenderError(error);
}

function senderClose(this: Sender, ...[code, data, mask, callback]: Parameters<Sender['close']>): void {
  const owner = observerOf(this._socket);
  const connection = owner?.kind === 'connection' ? (owner as Connection) : null;
  const done = connection?.onCloseFrame(code, data?.toString() ?? '', callback) ?? callback;
  (Object.getPrototypeOf(this) as Sender).close.call(this, code, data, mask, done);
  connection?.onCloseFrameSent();
}

/** ws ends a connection by itself where the peer sends pings and reads no pongs: in its receiver's work, and at its limit. */
function hasUnreadPongs({ _pendingAutoPongs = 0, _maxPendingAutoPongs = 0, _receiver }: Internals): boolean {
  const isAtWork = (_receiver as { _writableState?: { writing?: boolean } } | null)?._writableState?.writing === true;
  return isAtWork && _maxPendingAutoPongs > 0 && _pendingAutoPongs >= _maxPendingAutoPongs;
}
