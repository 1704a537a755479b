/** An open connection as the liveness checks see it. Made only where the settings ask for such checks. */
import type { Duplex } from 'node:stream';
import { now, type Timers } from '../liveness/clock';
import type { Snapshot, Watchable } from '../liveness/watchable';
import type { SocketControl, TransportLook } from '../socket-control/contract';
import type { TransportHandle } from '../socket-control/handle';
import { Upstream, type UpstreamSocket } from '../upstream';
import type { GiveUpPolicy } from './lifecycle';
import { type InputCounter, isBusy, isCounting, NO_TRAFFIC, queuedInSender, TrafficMeter } from './transport';

/** What a check asks of the connection itself. */
export interface WatchedConnection {
  control(): SocketControl | null;
  /** A counter for a stream that has none of its own. */
  countInput(): InputCounter | null;
  giveUp(policy: GiveUpPolicy): void;
  retire(timers: Timers): void;
  measuredRtt(ms: number): void;
}

export class Watched implements Watchable {
  readonly #ws: UpstreamSocket;
  readonly #stream: Duplex | null;
  readonly #handle: TransportHandle | null;
  readonly #connection: WatchedConnection;
  #hearsPongs = false;
  // Numbers that are never null: V8 makes an object for each number that a field takes in the place of null.
  #isAnswered = true;
  #isMeasured = true;
  #pingedAt = 0;
  #rtt = Number.NaN;

  constructor(
    ws: UpstreamSocket,
    stream: Duplex | null,
    handle: TransportHandle | null,
    connection: WatchedConnection,
  ) {
    this.#ws = ws;
    this.#stream = stream;
    this.#handle = handle;
    this.#connection = connection;
  }

  isIdle(): boolean {
    return this.#stream?.writableLength === 0 && !isBusy(this.#ws._sender);
  }

  snapshot(): Snapshot {
    const stream = this.#stream;
    const counter = this.#connection.countInput();
    const traffic = stream ? new TrafficMeter(stream, this.#handle, counter).read() : NO_TRAFFIC;
    return {
      ...traffic,
      queued: traffic.unsent + queuedInSender(this.#ws),
      countsInput: stream?.isPaused?.() === false && (counter !== null || isCounting(stream, this.#handle)),
      busy: traffic.unsent === 0 && isBusy(this.#ws._sender),
    };
  }

  lookAtTransport(): TransportLook | null {
    return this.#connection.control()?.look() ?? null;
  }

  sent(): number {
    return (this.#handle?.bytesWritten ?? 0) + (this.#stream?.writableLength ?? 0);
  }

  ping(): number {
    const received = this.#handle?.bytesRead ?? this.snapshot().received;
    if (this.#ws.readyState !== Upstream.OPEN) return received;
    // Of the receiver, since users may remove all listeners of the WebSocket.
    if (!this.#hearsPongs) this.#ws._receiver?.on('pong', (payload: Buffer) => this.#onPong(payload));
    this.#hearsPongs = true;
    // With two on their way nobody knows which one an answer is for.
    this.#isMeasured = this.#isAnswered;
    this.#isAnswered = false;
    this.#pingedAt = now();
    this.#ws.ping();
    return received;
  }

  isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** The round trip of the last ping that was answered, in ms. */
  get rtt(): number | null {
    return Number.isNaN(this.#rtt) ? null : this.#rtt;
  }

  /** The heartbeat's ping has no payload, and neither has its answer. Of another pong only the bytes count, as a sign of life. */
  #onPong(payload: Buffer): void {
    if (payload.length > 0 || this.#isAnswered) return;
    this.#isAnswered = true;
    if (!this.#isMeasured) return;
    this.#rtt = now() - this.#pingedAt;
    this.#connection.measuredRtt(this.#rtt);
  }

  giveUp(policy: GiveUpPolicy): void {
    this.#connection.giveUp(policy);
  }

  retire(timers: Timers): void {
    this.#connection.retire(timers);
  }
}
