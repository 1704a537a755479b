/** What only the end of a connection needs: looks at what moves and at who is there, and what is under way. */
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import type { CloseInfo } from '../close-info';
import type { Settings } from '../options';
import { controlOf } from '../socket-control/choose';
import type { SocketControl } from '../socket-control/contract';
import type { TransportHandle } from '../socket-control/handle';
import type { NativeConnection } from '../socket-control/native';
import type { CloseFrameCallback, UpstreamSocket } from '../upstream';
import { classify } from './classify';
import type { Event, Observation, Sample, State, Tick } from './lifecycle';
import { Lingering, type LingerOwner } from './lingering';
import { isBusy, NO_TRAFFIC, queuedInSender, receiverState, type Traffic, TrafficMeter } from './traffic';

/** What has to be taken hold of while the connection is whole. */
export interface Transport {
  /** Null during the opening handshake. */
  stream: Duplex | null;
  handle: TransportHandle | null;
  found: NativeConnection | null;
}

export class Ending {
  readonly control: SocketControl | null;
  forced: 'reset' | 'destroy' | null = null;
  socketClosed = false;
  closeFrame: CloseFrameCallback | null = null;
  /** The socket, where it goes on delivering after the WebSocket was closed. */
  lingering: Lingering | null = null;
  senderFailed = false;
  readonly resolvers: ((info: CloseInfo) => void)[] = [];
  readonly #ws: UpstreamSocket;
  readonly #settings: Settings;
  readonly #stream: Duplex | null;
  readonly #meter: TrafficMeter | null;
  /** Bytes heard while closing, of a stream that does not count them. */
  #bytesSeen = 0;
  /** What ws's receiver still had to work on at the last look. */
  #receiverState = '';
  #latest = NO_TRAFFIC;
  #final: Traffic | null = null;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(ws: UpstreamSocket, settings: Settings, transport: Transport) {
    const { stream, handle, found } = transport;
    this.#ws = ws;
    this.#settings = settings;
    this.#stream = stream;
    this.#meter = stream && new TrafficMeter(stream, handle);
    this.control = stream && controlOf(stream, found);
    // Such a stream flows for ws already: a second listener takes nothing away and starts nothing.
    if (stream && this.#meter?.isCounting === false && stream.readableFlowing !== null) stream.on('data', this.#onData);
  }

  readonly #onData = (chunk: { length: number }) => {
    this.#bytesSeen += chunk.length;
  };

  /** The counts now, or those that stand. */
  traffic(): Traffic {
    this.#latest = this.#final ?? this.#meter?.read() ?? NO_TRAFFIC;
    return this.#latest;
  }

  /** From now on the counts stand that were read last. */
  keepTraffic(): void {
    this.#final ??= this.#latest;
  }

  /** Adds to a sign what the connection looks like now. The sign is the caller's own, made for this. */
  sample(sign: Observation): Event {
    const { received, accepted, unsent } = this.traffic();
    const look = sign as Observation & Sample;
    look.at = performance.now();
    look.progress = received + accepted + this.#bytesSeen;
    look.queued = unsent + queuedInSender(this.#ws);
    return look;
  }

  /** What a timer's look shows; null when there is nothing to look at any more. */
  tick(state: State, lateBy: number): Tick | null {
    const stream = this.#stream;
    if (this.lingering) return { type: 'tick', busy: this.#receiverMoves() };
    // Once the socket is closed, what is left is ws's receiver at work on what it has.
    if (!stream || this.socketClosed) return null;
    const paused = stream.isPaused();
    const quiet = performance.now() - state.progressAt >= this.#settings.closeTimeout / 2;
    return {
      type: 'tick',
      lateBy,
      paused,
      lost: paused && this.control?.probe() === 'reset',
      busy: (!this.senderFailed && isBusy(this.#ws._sender)) || this.#meter?.isBlind === true,
      look: quiet ? this.control?.look() : null,
    };
  }

  /** Whether ws's receiver has got on with what came before the socket was taken away from it. */
  #receiverMoves(): boolean {
    const before = this.#receiverState;
    this.#receiverState = receiverState(this.#ws);
    return this.#receiverState !== before;
  }

  /** Calls `done` in so many ms, with those by which it is late. A later call replaces an earlier one. */
  wake(wakeIn: number, done: (lateBy: number) => void): void {
    this.stopTimer();
    const due = performance.now() + wakeIn;
    this.#timer = setTimeout(
      () => {
        const lateBy = performance.now() - due;
        // A loop that was busy reads what came meanwhile before the first of these, and closes what was cut before the second.
        this.#immediate = setImmediate(() => {
          this.#immediate = setImmediate(() => done(lateBy));
        });
      },
      Math.max(1, wakeIn),
    ); // newer versions of Node warn of less
  }

  stopTimer(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
  }

  /** Nothing more is looked at. */
  stop(): void {
    this.stopTimer();
    this.#stream?.removeListener('data', this.#onData);
  }

  /** Hands the socket over to go on delivering, until the deadline. */
  linger(owner: LingerOwner, deadlineAt: number): void {
    const { onTimeout } = this.#settings;
    if (!this.#stream || !this.#meter) return;
    this.#stream.removeListener('data', this.#onData);
    this.lingering = new Lingering(this.#stream, this.control, this.#meter, owner, { deadlineAt, onTimeout });
  }

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
      expected,
      error: cause && 'error' in cause ? cause.error : null,
      bytesReceived: traffic.received,
      bytesSent: traffic.accepted,
      bytesUnsent: traffic.unsent + queuedInSender(ws),
      elapsedMs: endingSince === null ? 0 : performance.now() - endingSince,
    };
  }
}

/** Whether TCP keep-alive was asked for on this socket. Node keeps that to itself, so its field is found by its name. */
export function hasKeepAlive(socket: object): boolean {
  const field = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'kSetKeepAlive');
  return field !== undefined && (socket as Record<symbol, unknown>)[field] === true;
}
