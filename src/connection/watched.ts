/** An open connection as the liveness checks see it. Made only where the settings ask for such checks. */
import type { Duplex } from 'node:stream';
import { now } from '../liveness/clock';
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
  retire(): void;
  measuredRtt(ms: number): void;
}

export class Watched implements Watchable {
  /** The round trip of the last ping that was answered, in ms. */
  rtt: number | null = null;
  readonly #ws: UpstreamSocket;
  readonly #stream: Duplex | null;
  readonly #handle: TransportHandle | null;
  readonly #connection: WatchedConnection;
  #pingedAt: number | null = null;
  #hearsPongs = false;

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
      countsInput: stream?.isPaused() === false && (counter !== null || isCounting(stream, this.#handle)),
      busy: traffic.unsent === 0 && isBusy(this.#ws._sender),
    };
  }

  lookAtTransport(): TransportLook | null {
    return this.#connection.control()?.look() ?? null;
  }

  ping(): number {
    const received = this.#handle?.bytesRead ?? this.snapshot().received;
    if (this.#ws.readyState !== Upstream.OPEN) return received;
    // Of the receiver, since users may remove all listeners of the WebSocket.
    if (!this.#hearsPongs) this.#ws._receiver?.on('pong', () => this.#onPong());
    this.#hearsPongs = true;
    this.#pingedAt = now();
    this.#ws.ping();
    return received;
  }

  isAnswered(): boolean {
    return this.#pingedAt === null;
  }

  #onPong(): void {
    if (this.#pingedAt === null) return;
    this.rtt = now() - this.#pingedAt;
    this.#pingedAt = null;
    this.#connection.measuredRtt(this.rtt);
  }

  giveUp(policy: GiveUpPolicy): void {
    this.#connection.giveUp(policy);
  }

  retire(): void {
    this.#connection.retire();
  }
}
