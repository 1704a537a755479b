/**
 * Sockets that go on delivering after their WebSockets were closed (the lingering close of nginx and Apache).
 *
 * What was queued goes on being written, FIN follows it, and what the peer sends is read and dropped, since closing a socket
 * that gets more input makes the kernel send RST. It ends with the peer's FIN, an error, or at `closeDeadline`.
 *
 *   told: close-timeout ──> lingering ── flushed, and the peer's FIN ──> delivered
 *                              │── closeDeadline, abort() ─────────────> cut
 *                              └── an error, RST ──────────────────────> lost
 *
 * A lingering socket knows nothing of its WebSocket. One that is flushed is in the kernel's hands: it keeps neither the process
 * nor a server that is closing. One that is not keeps both, until its deadline.
 */
import type { Duplex } from 'node:stream';
import type { CloseError, Lingered } from '../close-info';
import { now } from '../liveness/clock';
import type { OnTimeout } from '../options';
import type { SocketControl, TransportLook } from '../socket-control/contract';
import { leaveClosingServer, watchServer } from '../socket-control/handle';
import type { Alarm } from './alarm';
import { closeErrorOf } from './classify';
import { howToCut } from './lifecycle';
import type { Capped } from './linger-cap';
import { type LingeringSocket, type LingerOwner, lingeringSockets } from './lingering-sockets';
import type { TrafficMeter } from './transport';
import { keepObserved, observe, type SocketObserver } from './transport';

interface Limits {
  /** When the socket has to be gone, in ms of the monotonic clock. */
  deadlineAt: number;
  onTimeout: OnTimeout;
}

/** The system is asked about a socket this often, in ms. */
const LOOK_MS = 5_000;
/** How long an answer may take, in ms: the system's table is read seldom where it is long. */
const ANSWER_MS = 2_000;
/** It is asked for the last time so long before the deadline, in ms, and an answer counts for as long. */
const LAST_LOOK_MS = 2_500;
/** How long a stream may take to report 'close' after it was cut, in ms, before it is taken to be gone. */
const GONE_MS = 1_000;
/** Of a socket to which no more than this was ever sent, in bytes, the kernel holds too little to ask about. */
const WORTH_A_LOOK = 64 * 1024;

export class Lingering implements SocketObserver, LingeringSocket, Capped {
  readonly kind = 'lingering';
  readonly owner: LingerOwner;
  #deadlineAt: number;
  readonly #alarm: Alarm;
  readonly #stream: Duplex;
  readonly #control: SocketControl | null;
  readonly #meter: TrafficMeter;
  readonly #onTimeout: OnTimeout;
  readonly #began = now();
  #lookAt = 0;
  #askedAt: number | null = null;
  #look: (TransportLook & { accepted: number }) | null = null;
  #zeroWindowSince: number | null = null;
  #isFlushed = false;
  #goneAt = Number.POSITIVE_INFINITY;
  #forced: 'reset' | 'destroy' | null = null;
  #error: CloseError | null = null;

  constructor(
    stream: Duplex,
    control: SocketControl | null,
    meter: TrafficMeter,
    owner: LingerOwner,
    { deadlineAt, onTimeout }: Limits,
    alarm: Alarm,
  ) {
    this.#alarm = alarm;
    this.#stream = stream;
    this.#control = control;
    this.#meter = meter;
    this.#onTimeout = onTimeout;
    if (onTimeout !== 'auto') this.#lookAt = Number.POSITIVE_INFINITY;
    this.owner = owner;
    this.#deadlineAt = deadlineAt;
    this.#setAlarm(deadlineAt);
    observe(stream, this);
    lingeringSockets.add(this);
    owner.lingers();
  }

  /** To be called once ws has let go of the stream. */
  begin(): void {
    const stream = this.#stream;
    this.keepObserved();
    if (stream.destroyed) return;
    stream.once('finish', () => this.#onFlushed());
    stream.end();
    stream.resume();
    if (stream.writableFinished) this.#onFlushed();
    this.owner.lingerCap?.add(this);
  }

  unsent(): number {
    return this.#meter.read().unsent;
  }

  cutNow(): void {
    this.cut(howToCut(this.#onTimeout, this.#zeroWindowMs(now())));
  }

  /** To be called when the application may have removed listeners. */
  keepObserved(): void {
    if (lingeringSockets.has(this)) keepObserved(this.#stream);
  }

  /** Ends it now, by RST or by FIN. */
  cut(how: 'reset' | 'destroy'): void {
    if (this.#forced || this.#stream.destroyed) return;
    this.#meter.read();
    this.#forced = how;
    this.#goneAt = now() + GONE_MS;
    this.#setAlarm(this.#goneAt);
    if (how === 'destroy') {
      this.#control?.finish();
      this.#stream.destroy();
    } else this.#control?.abort(this);
  }

  onAborted(how: 'reset' | 'destroy'): void {
    this.#forced = how;
  }

  shorten(deadlineAt: number): void {
    if (deadlineAt >= this.#deadlineAt) return;
    this.#deadlineAt = deadlineAt;
    if (!this.#forced) this.#setAlarm(deadlineAt);
  }

  #setAlarm(due: number): void {
    this.#alarm.set([due], () => this.visit(Math.max(now(), due)));
    this.#alarm.unref();
  }

  visit(at: number): void {
    const stream = this.#stream;
    if (stream.closed || at >= this.#goneAt) this.onClose();
    else if (at >= this.#deadlineAt) this.cutNow();
    else if (stream.writableFinished && stream.readableEnded)
      stream.destroy(); // where it does not do so by itself
    else {
      this.keepObserved();
      this.owner.lingerCap?.update(this);
      if (stream.writableFinished) this.#onFlushed();
      if (at >= this.#lookAt) this.#lookAgain(at);
    }
  }

  leaveServer(): void {
    if (this.#isFlushed) leaveClosingServer(this.#stream);
  }

  onError(error: Error): void {
    this.#meter.read();
    this.#error ??= closeErrorOf(error);
  }

  onClose(): void {
    if (!lingeringSockets.remove(this)) return;
    this.#alarm.stop();
    this.owner.lingerCap?.remove(this);
    const { writableFinished, readableEnded } = this.#stream;
    const delivered = writableFinished && readableEnded && !this.#error;
    const end: Lingered = {
      outcome: this.#forced ? 'cut' : delivered ? 'delivered' : 'lost',
      forced: this.#forced,
      error: this.#error,
      bytesUnsent: delivered ? 0 : this.#meter.last.unsent,
      lingeredMs: now() - this.#began,
    };
    this.owner.lingered(end, this.#stream);
  }

  /** From here on the kernel does what is left, and would do so without this process. */
  #onFlushed(): void {
    if (this.#isFlushed || !lingeringSockets.has(this)) return;
    this.#isFlushed = true;
    lingeringSockets.flushed(this);
    (this.#stream as { unref?(): void }).unref?.();
    leaveClosingServer(this.#stream);
    watchServer(this.#stream, lingeringSockets.leaveServers);
  }

  /** Asks the system, and takes the answer at a later visit. */
  #lookAgain(at: number): void {
    const isAnswered = this.#takeAnswer();
    this.#askedAt ??= at;
    if (!isAnswered && at - this.#askedAt < ANSWER_MS) return;
    // Once more right before the end: who reads on by then is no longer one who does not read.
    const last = this.#deadlineAt - LAST_LOOK_MS;
    this.#lookAt = this.#askedAt < last ? Math.min(at + LOOK_MS, last) : Number.POSITIVE_INFINITY;
    this.#askedAt = null;
  }

  /** Learns whether the peer's window is zero, and since when; false while there is no answer, which is asked for again. */
  #takeAnswer(): boolean {
    const { accepted, unsent } = this.#meter.read();
    const look = unsent > 0 || accepted > WORTH_A_LOOK ? this.#control?.look() : null;
    if (!look || this.#askedAt === null || look.at < this.#askedAt) return false;
    const before = this.#look;
    const takes = before !== null && (accepted > before.accepted || look.unacknowledged < before.unacknowledged);
    this.#zeroWindowSince = look.peerWindow === 'zero' && !takes ? (this.#zeroWindowSince ?? look.at) : null;
    this.#look = { ...look, accepted };
    return true;
  }

  /** For how long the peer is known to have been there without reading, up to now. */
  #zeroWindowMs(at: number): number {
    this.#takeAnswer();
    const { accepted } = this.#meter.read();
    const isFresh = this.#look !== null && at - this.#look.at <= LAST_LOOK_MS && accepted === this.#look.accepted;
    return isFresh && this.#zeroWindowSince !== null ? at - this.#zeroWindowSince : 0;
  }
}
