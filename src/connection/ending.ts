/**
 * What the end of one connection needs beyond the connection itself: samples of its progress, its timer, what was done to end it,
 * and at last its CloseInfo. It is made when the end begins, since most connections are open and idle.
 */
import type { Duplex } from 'node:stream';
import type { CloseFrame, CloseInfo, ClosePolicy } from '../close-info';
import { currentTimers, now, stopOldTimer, stopTimer, type Timers } from '../liveness/clock';
import type { Settings } from '../options';
import { controlOf, kindOf } from '../socket-control/choose';
import type { Aborting, SocketControl } from '../socket-control/contract';
import type { TransportHandle } from '../socket-control/handle';
import type { NativeConnection } from '../socket-control/native';
import type { Internals, UpstreamSocket, WriteCallback } from '../upstream';
import { Alarm, type Ringing } from './alarm';
import { classify } from './classify';
import { firstCheckIn, limitsOf, type Sample, type State, type Tick, WATCHDOG_MS } from './lifecycle';
import { Lingering } from './lingering';
import type { LingerOwner } from './lingering-sockets';
import { type TimerQueue, timerQueueFor, type Waiting } from './timer-queue';
import {
  type InputCounter,
  isBusy,
  isInflating,
  NO_TRAFFIC,
  queuedInSender,
  receiverState,
  type Traffic,
  TrafficMeter,
} from './transport';

/** The connection whose end it is, with its transport, captured while it was open, because Node drops the handle on destroy. */
interface Ended {
  /** Null during the opening handshake. */
  readonly stream: Duplex | null;
  readonly handle: TransportHandle | null;
  readonly found: NativeConnection | null;
  readonly counter: InputCounter | null;
  /** Called when a limit may have come. */
  onAlarm(how: Ringing): void;
}

/** A close() of this package's own. */
export interface CloseLimits {
  /** The rule that closes the connection. */
  policy?: ClosePolicy;
  /** Ms after which the socket is gone. */
  within?: number;
  /** Those by which the rule goes. */
  timers?: Timers;
}

/** The close frame of this side. */
interface HeldCloseFrame {
  code: number;
  reason: string;
  /** What ws wants to be called when it was written; null once ws is not to be called any more. */
  callback: WriteCallback | null;
}

export class Ending implements Waiting, Aborting {
  queue: TimerQueue | null = null;
  before: Waiting | null = null;
  after: Waiting | null = null;
  due = 0;
  forced: 'reset' | 'destroy' | null = null;
  socketClosed = false;
  senderFailed = false;
  /** Nothing was written but to learn of an error. */
  probedByWrite = false;
  /** A write failed, the first sign of the end or after it. */
  writeFailed = false;
  /** What close() was called with. */
  closeLimits: CloseLimits | undefined;
  /** An 'error' listener of the application is told of the error. */
  errorHeard = false;
  /** The socket, where it goes on delivering after the WebSocket was closed. */
  lingering: Lingering | null = null;
  /** Resolve the promises of closeAsync(). */
  resolvers: ((info: CloseInfo) => void)[] | null = null;
  /** What stands in the place of ws's own timer of a close. */
  closeTimer: NodeJS.Timeout | null = null;
  readonly #ws: UpstreamSocket;
  readonly #settings: Settings;
  readonly #connection: Ended;
  readonly #meter: TrafficMeter | null;
  #control: SocketControl | null = null;
  #closeFrame: HeldCloseFrame | null = null;
  /** What ws's receiver still had to work on at the last tick. */
  #receiverState = '';
  #receiverMovedAt = 0;
  /** When the last sample was taken. */
  sampledAt = 0;
  #latest = NO_TRAFFIC;
  #final: Traffic | null = null;
  #timers: Timers | null = null;
  #isWatched = false;
  #alarm: Alarm | null = null;

  constructor(ws: UpstreamSocket, settings: Settings, connection: Ended) {
    const { stream, handle, counter } = connection;
    this.#ws = ws;
    this.#settings = settings;
    this.#connection = connection;
    this.#meter = stream && new TrafficMeter(stream, handle, counter);
  }

  /** The control of the socket, made when it is first asked for; null during the opening handshake. */
  control(): SocketControl | null {
    const { stream, found } = this.#connection;
    if (stream) this.#control ??= controlOf(stream, found);
    return this.#control;
  }

  /** The counts now, or those that were kept. */
  traffic(): Traffic {
    this.#latest = this.#final ?? (this.socketClosed ? this.#meter?.readClosed() : this.#meter?.read()) ?? NO_TRAFFIC;
    return this.#latest;
  }

  /** All bytes that had moved by the last sample. */
  moved(): number | undefined {
    return this.#meter?.moved();
  }

  /** Keeps the counts that were read last: what the socket tells from now on is its clean-up. */
  keepTraffic(): void {
    this.#final ??= this.#latest;
  }

  onAborted(how: 'reset' | 'destroy'): void {
    this.forced = how;
  }

  /** How far the connection has come by now. */
  sample(): Sample {
    const { received, accepted, unsent } = this.traffic();
    this.sampledAt = now();
    return {
      at: this.sampledAt,
      progress: received + accepted,
      queued: unsent + queuedInSender(this.#ws),
    };
  }

  /** What an alarm finds; null when there is nothing to look at. */
  tick(state: State, { lateBy, isMocked }: Ringing): Tick | null {
    const { stream } = this.#connection;
    if (!stream) return null;
    // A mocked clock says nothing of the time that ws has had to emit 'close'.
    if (isMocked && (state.phase === 'cut' || this.socketClosed)) return null;
    if (this.socketClosed) return { type: 'tick', socketClosed: true, busy: this.#receiverWorks() };
    const paused = stream.isPaused?.() ?? false;
    const quiet = state.wait !== null && now() - state.wait.progressAt >= this.#settings.closeTimeout / 2;
    return {
      type: 'tick',
      lateBy,
      paused,
      lost: paused && this.control()?.probe() === 'reset',
      busy: (!this.senderFailed && isBusy(this.#ws._sender)) || isInflating(this.#ws) || this.#meter?.isBlind === true,
      look: quiet ? this.control()?.look() : null,
    };
  }

  /** Whether ws's receiver is still at work on what it had received. A listener that throws stops it, as if it were inflating. */
  #receiverWorks(): boolean {
    const before = this.#receiverState;
    this.#receiverState = receiverState(this.#ws);
    if (this.#receiverState !== before) this.#receiverMovedAt = now();
    const stoodFor = now() - this.#receiverMovedAt;
    return stoodFor === 0 || (isInflating(this.#ws) && stoodFor < this.#settings.closeDeadline);
  }

  /** Those of the rule that closes the connection, else those that were there when it was first waited for. */
  #ownTimers(): Timers {
    this.#timers ??= this.closeLimits?.timers ?? currentTimers();
    return this.#timers;
  }

  /** To be called right after a sample: wakes the connection after `wakeIn` ms, or when a limit has come. A later call replaces an earlier one. */
  wake(wakeIn: number, state: State): void {
    this.queue?.remove(this);
    const timers = this.#ownTimers();
    if (timers.isReal && wakeIn === firstCheckIn(this.#settings)) {
      this.#alarm?.stop();
      timerQueueFor(wakeIn, timers).add(this, this.sampledAt);
      return;
    }
    const next = this.sampledAt + wakeIn;
    this.#alarm ??= new Alarm(timers);
    // Only a mocked clock needs the limits, see Alarm.
    this.#alarm.set(timers.isReal ? [next] : [next, ...limitsOf(state, this.#settings)], (how) => this.onDue(how));
  }

  onDue(how: Ringing): void {
    this.#connection.onAlarm(how);
  }

  /** From now on, which is `at`, only ws's 'close' is waited for, and not for long: ws does not emit it where a listener has thrown. */
  watch(at: number): void {
    if (this.queue !== null && this.#isWatched) return;
    this.#isWatched = true;
    this.queue?.remove(this);
    this.#alarm?.stop();
    timerQueueFor(WATCHDOG_MS, this.#ownTimers()).add(this, at);
  }

  /** Stops the timers and the counting. */
  stop(): void {
    this.queue?.remove(this);
    this.#alarm?.stop();
    this.#connection.counter?.stop();
    // Where the socket has closed, ws has stopped it, unless a listener has thrown.
    const stop = this.socketClosed ? stopOldTimer : stopTimer;
    stop(this.closeTimer ?? undefined);
  }

  /** The socket then holds ws's callback, and with it the WebSocket, no longer than needed. */
  holdCloseFrame(code = 1005, reason: string, callback: WriteCallback): WriteCallback {
    const held: HeldCloseFrame = { code, reason, callback };
    this.#closeFrame = held;
    return relayTo(held);
  }

  /** Hands the socket over to go on delivering, until the deadline, and the timer for that. */
  linger(owner: LingerOwner, deadlineAt: number): void {
    const { stream } = this.#connection;
    const { onTimeout } = this.#settings;
    if (!stream || !this.#meter) return;
    if (this.#closeFrame) this.#closeFrame.callback = null;
    this.#connection.counter?.stop();
    this.queue?.remove(this);
    const alarm = this.#alarm ?? new Alarm(this.#ownTimers());
    this.#alarm = null;
    this.lingering = new Lingering(stream, this.control(), this.#meter, owner, { deadlineAt, onTimeout }, alarm);
  }

  /** The record of the end, read once, right after the last sample: the counts are those of this moment, or those kept before. */
  describe(state: State, openedAt: number | null, idleMs: number | null): CloseInfo {
    const { cause, endedIn, endingSince } = state;
    const ws = this.#ws;
    const at = this.sampledAt;
    const traffic = this.#final ?? this.#meter?.readAtEnd() ?? NO_TRAFFIC;
    const counts = this.#meter?.isComplete ?? true;
    const { kind, origin, expected, clean, by } = classify(state, { idleMs, forced: this.forced });
    const bytesUnsent = traffic.unsent + queuedInSender(ws);
    const openMs = openedAt === null ? 0 : Math.max(0, (endingSince ?? at) - openedAt);
    const sent = this.#sentCloseFrame(state);
    const received = receivedCloseFrame(ws, state);
    return {
      kind,
      origin,
      phase: endedIn,
      code: ws._closeCode,
      reason: received?.reason ?? '',
      clean,
      forced: this.forced,
      control: this.#connection.stream && (this.#control?.kind ?? kindOf(this.#connection.found)),
      expected,
      by,
      error: cause && 'error' in cause ? cause.error : null,
      sent,
      received,
      delivered: wasDelivered(sent, received) ?? (this.#hasDropped(bytesUnsent) ? false : null),
      bytesReceived: counts ? traffic.received : null,
      bytesSent: counts ? traffic.accepted : null,
      bytesUnsent,
      openMs,
      idleMs: idleMs && Math.min(idleMs, openMs),
      elapsedMs: endingSince === null ? 0 : at - endingSince,
    };
  }

  /** Whether messages are known to have been dropped here. */
  #hasDropped(bytesUnsent: number): boolean {
    return this.#hasFailedWrite() || (!this.lingering && bytesUnsent > 0);
  }

  /** A write that had messages in it. Behind the peer's close frame it may have been the answer to that alone. */
  #hasFailedWrite(): boolean {
    return this.writeFailed && !this.probedByWrite && !this.#ws._closeFrameReceived;
  }

  #sentCloseFrame({ closedBy }: State): CloseFrame | null {
    if (!this.#ws._closeFrameSent || !this.#closeFrame) return null;
    const { code, reason } = this.#closeFrame;
    return { code, reason, first: closedBy === 'local' };
  }
}

function receivedCloseFrame(
  { _closeFrameReceived, _closeCode, _closeMessage }: Internals,
  { closedBy, bothCloseFrames }: State,
): CloseFrame | null {
  if (!_closeFrameReceived) return null;
  // Of both frames that crossed before attach(), nobody knows which was the first.
  const first = closedBy === null && bothCloseFrames ? null : closedBy !== 'local';
  return { code: _closeCode, reason: _closeMessage.toString(), first };
}

/** A peer answers a close frame by its code (RFC 6455 §5.5.1), after it has read all that came before. Null: nobody knows. */
function wasDelivered(sent: CloseFrame | null, received: CloseFrame | null): true | null {
  return sent?.first && received?.code === sent.code ? true : null;
}

/** A function of its own, since a closure holds all that is around it. */
function relayTo(held: HeldCloseFrame): WriteCallback {
  return (error) => held.callback?.(error);
}
