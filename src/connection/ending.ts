/**
 * What the end of one connection needs beyond the connection itself: samples of its progress, its timer, what was done to end it,
 * and at last its CloseInfo. It is made when the end begins, since most connections are open and idle.
 */
import type { Duplex } from 'node:stream';
import type { CloseInfo } from '../close-info';
import type { Settings } from '../options';
import { controlOf } from '../socket-control/choose';
import type { SocketControl } from '../socket-control/contract';
import type { TransportHandle } from '../socket-control/handle';
import type { NativeConnection } from '../socket-control/native';
import type { UpstreamSocket, WriteCallback } from '../upstream';
import { classify } from './classify';
import { now, reached } from './clock';
import type { Sample, State, Tick } from './lifecycle';
import { Lingering, type LingerOwner } from './lingering';
import {
  countInput,
  type InputCounter,
  isBusy,
  isInflating,
  NO_TRAFFIC,
  queuedInSender,
  receiverState,
  type Traffic,
  TrafficMeter,
} from './transport';

/** The transport, captured while the connection is open, because Node drops the handle on destroy. */
export interface Transport {
  /** Null during the opening handshake. */
  stream: Duplex | null;
  handle: TransportHandle | null;
  found: NativeConnection | null;
  counter: InputCounter | null;
}

/** What ws wants to be called when its close frame was written; null once ws is not to be called any more. */
interface CloseFrameCallback {
  callback: WriteCallback | null;
}

export class Ending {
  forced: 'reset' | 'destroy' | null = null;
  socketClosed = false;
  senderFailed = false;
  /** The socket, where it goes on delivering after the WebSocket was closed. */
  lingering: Lingering | null = null;
  /** Resolve the promises of closeAsync(). */
  readonly resolvers: ((info: CloseInfo) => void)[] = [];
  readonly #ws: UpstreamSocket;
  readonly #settings: Settings;
  readonly #transport: Transport;
  readonly #meter: TrafficMeter | null;
  #control: SocketControl | null = null;
  #closeFrame: CloseFrameCallback | null = null;
  /** What ws's receiver still had to work on at the last tick. */
  #receiverState = '';
  #latest = NO_TRAFFIC;
  #final: Traffic | null = null;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(ws: UpstreamSocket, settings: Settings, transport: Transport) {
    const { stream, handle } = transport;
    if (stream) transport.counter ??= countInput(stream, handle);
    this.#ws = ws;
    this.#settings = settings;
    this.#transport = transport;
    this.#meter = stream && new TrafficMeter(stream, handle, transport.counter);
  }

  /** The control of the socket, made when it is first asked for; null during the opening handshake. */
  control(): SocketControl | null {
    const { stream, found } = this.#transport;
    if (stream) this.#control ??= controlOf(stream, found);
    return this.#control;
  }

  /** The counts now, or those that were kept. */
  traffic(): Traffic {
    this.#latest = this.#final ?? this.#meter?.read() ?? NO_TRAFFIC;
    return this.#latest;
  }

  /** Keeps the counts that were read last: what the socket tells from now on is its clean-up. */
  keepTraffic(): void {
    this.#final ??= this.#latest;
  }

  /** How far the connection has come by now. */
  sample(): Sample {
    const { received, accepted, unsent } = this.traffic();
    return {
      at: now(),
      progress: received + accepted,
      queued: unsent + queuedInSender(this.#ws),
    };
  }

  /** What the timer's end finds; null when there is nothing to look at any more. */
  tick(state: State, lateBy: number): Tick | null {
    const { stream } = this.#transport;
    if (this.lingering) return { type: 'tick', busy: this.#receiverMoves() };
    // Once the socket is closed, only ws's receiver is still at work.
    if (!stream || this.socketClosed) return null;
    const paused = stream.isPaused();
    const quiet = now() - state.progressAt >= this.#settings.closeTimeout / 2;
    return {
      type: 'tick',
      lateBy,
      paused,
      lost: paused && this.control()?.probe() === 'reset',
      busy: (!this.senderFailed && isBusy(this.#ws._sender)) || isInflating(this.#ws) || this.#meter?.isBlind === true,
      look: quiet ? this.control()?.look() : null,
    };
  }

  /** Whether ws's receiver has worked on what it had received since the last tick. */
  #receiverMoves(): boolean {
    const before = this.#receiverState;
    this.#receiverState = receiverState(this.#ws);
    return this.#receiverState !== before;
  }

  /** Calls `done` after `wakeIn` ms, with the ms by which it is late. A later call replaces an earlier one. */
  wake(wakeIn: number, done: (lateBy: number) => void): void {
    this.stopTimer();
    const due = now() + wakeIn;
    this.#timer = setTimeout(
      () => {
        reached(due);
        const lateBy = now() - due;
        // After a busy time the loop reads what has come before the first of these, and closes what was cut before the second.
        this.#immediate = setImmediate(() => {
          this.#immediate = setImmediate(() => done(lateBy));
        });
      },
      Math.max(1, wakeIn), // newer versions of Node warn of less
    );
  }

  stopTimer(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
  }

  /** Stops the timer and the counting. */
  stop(): void {
    this.stopTimer();
    this.#transport.counter?.stop();
  }

  /** To be called before ws sends its close frame: the socket then holds ws's callback, and with it the WebSocket, no longer than needed. */
  holdCloseFrameCallback(): void {
    const { _sender: sender } = this.#ws;
    if (!sender) return;
    const held: CloseFrameCallback = { callback: null };
    const { close } = sender;
    sender.close = (code, data, mask, callback) => {
      held.callback = callback;
      close.call(sender, code, data, mask, relayTo(held));
    };
    this.#closeFrame = held;
  }

  /** Hands the socket over to go on delivering, until the deadline. */
  linger(owner: LingerOwner, deadlineAt: number): void {
    const { stream } = this.#transport;
    const { onTimeout } = this.#settings;
    if (!stream || !this.#meter) return;
    if (this.#closeFrame) this.#closeFrame.callback = null;
    this.#transport.counter?.stop();
    this.lingering = new Lingering(stream, this.control(), this.#meter, owner, { deadlineAt, onTimeout });
  }

  /** The record of the end, read once: the counts are those of this moment, or those kept before. */
  describe(state: State): CloseInfo {
    const { cause, endedIn, endingSince, bothCloseFrames } = state;
    const ws = this.#ws;
    const traffic = this.#final ?? this.#meter?.readAtEnd() ?? NO_TRAFFIC;
    const { kind, origin, expected } = classify(state);
    return {
      kind,
      origin,
      phase: endedIn,
      code: ws._closeCode,
      reason: ws._closeMessage.length > 0 ? ws._closeMessage.toString() : '',
      clean: bothCloseFrames,
      forced: this.forced,
      control: this.#transport.stream && (this.control()?.kind ?? null),
      expected,
      error: cause && 'error' in cause ? cause.error : null,
      bytesReceived: traffic.received,
      bytesSent: traffic.accepted,
      bytesUnsent: traffic.unsent + queuedInSender(ws),
      elapsedMs: endingSince === null ? 0 : now() - endingSince,
    };
  }
}

/** A function of its own, since a closure holds all that is around it. */
function relayTo(held: CloseFrameCallback): WriteCallback {
  return (error) => held.callback?.(error);
}
