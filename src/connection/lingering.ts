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
import { sharedValue } from '../copies';
import { now, reached } from '../liveness/clock';
import type { OnTimeout } from '../options';
import type { SocketControl, TransportLook } from '../socket-control/contract';
import { leaveServer } from '../socket-control/handle';
import { closeErrorOf } from './classify';
import { howToCut } from './lifecycle';
import type { Capped, LingerCap } from './linger-cap';
import type { TrafficMeter } from './transport';
import { keepObserved, observe, type SocketObserver } from './transport';

/** Whose connections these are: told of each that begins and ceases to linger. */
export interface LingerOwner {
  /** Null where as many may linger as do. */
  readonly lingerCap: LingerCap | null;
  lingers(): void;
  lingered(end: Lingered, stream: Duplex): void;
}

interface Limits {
  /** When the socket has to be gone, in ms of the monotonic clock. */
  deadlineAt: number;
  onTimeout: OnTimeout;
}

/** Lingering sockets are looked at this often, in ms, and at their deadlines. */
const VISIT_MS = 250;
/** The system is asked about a socket this often, in ms. */
const LOOK_MS = 5_000;
/** How long an answer may take, in ms: the system's table is read seldom where it is long. */
const ANSWER_MS = 2_000;
/** The last time comes so long before the deadline, in ms, and its answer counts until then. */
const LAST_LOOK_MS = ANSWER_MS + 2 * VISIT_MS;
/** How long a stream may take to report 'close' after it was cut, in ms, before it is taken to be gone. */
const GONE_MS = 1_000;
/** Of a socket to which no more than this was ever sent, in bytes, the kernel holds too little to ask about. */
const WORTH_A_LOOK = 64 * 1024;

/** All lingering sockets of this process. */
const lingering = new Set<Lingering>();
/** How many there are of each owner, and under null of all owners together. */
const counts = sharedValue('lingering', () => new Map<LingerOwner | null, number>());
/** Who waits until there are none of an owner. */
const settledResolvers = sharedValue('settled', () => new Map<LingerOwner | null, (() => void)[]>());
/** How many have something left to write: these keep the process alive. */
let unflushed = 0;
let timer: NodeJS.Timeout | undefined;
let wakeAt = Number.POSITIVE_INFINITY;

export class Lingering implements SocketObserver, Capped {
  readonly kind = 'lingering';
  readonly owner: LingerOwner;
  deadlineAt: number;
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
  ) {
    this.#stream = stream;
    this.#control = control;
    this.#meter = meter;
    this.#onTimeout = onTimeout;
    if (onTimeout !== 'auto') this.#lookAt = Number.POSITIVE_INFINITY;
    this.owner = owner;
    this.deadlineAt = deadlineAt;
    observe(stream, this);
    lingering.add(this);
    unflushed++;
    for (const key of [owner, null]) counts.set(key, (counts.get(key) ?? 0) + 1);
    owner.lingers();
    wakeBy(Math.min(deadlineAt, this.#began + VISIT_MS));
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
    if (lingering.has(this)) keepObserved(this.#stream);
  }

  /** Ends it now, by RST or by FIN. */
  cut(how: 'reset' | 'destroy'): void {
    if (this.#forced || this.#stream.destroyed) return;
    this.#meter.read();
    this.#forced = how;
    this.#goneAt = now() + GONE_MS;
    if (how === 'destroy') {
      this.#control?.finish();
      this.#stream.destroy();
    } else
      this.#control?.abort((done) => {
        this.#forced = done;
      });
  }

  /** From now on it has to be gone by then, or sooner. */
  shorten(deadlineAt: number): void {
    this.deadlineAt = Math.min(this.deadlineAt, deadlineAt);
    wakeBy(this.deadlineAt);
  }

  visit(at: number): void {
    const stream = this.#stream;
    if (stream.closed || at >= this.#goneAt) this.onClose();
    else if (at >= this.deadlineAt) this.cutNow();
    else if (stream.writableFinished && stream.readableEnded)
      stream.destroy(); // where it does not do so by itself
    else {
      this.keepObserved();
      this.owner.lingerCap?.update(this);
      if (stream.writableFinished) this.#onFlushed();
      if (at >= this.#lookAt) this.#lookAgain(at);
    }
  }

  onError(error: Error): void {
    this.#meter.read();
    this.#error ??= closeErrorOf(error);
  }

  onClose(): void {
    if (!lingering.delete(this)) return;
    this.owner.lingerCap?.remove(this);
    if (!this.#isFlushed) unflushed--;
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
    for (const key of [this.owner, null]) leave(key);
  }

  /** From here on the kernel does what is left, and would do so without this process. */
  #onFlushed(): void {
    if (this.#isFlushed || !lingering.has(this)) return;
    this.#isFlushed = true;
    unflushed--;
    holdProcess();
    (this.#stream as { unref?(): void }).unref?.();
    leaveServer(this.#stream);
  }

  /** Asks the system, and takes the answer at a later visit: whether the peer's window is zero, and since when. */
  #lookAgain(at: number): void {
    const { accepted, unsent } = this.#meter.read();
    const look = unsent > 0 || accepted > WORTH_A_LOOK ? this.#control?.look() : null;
    this.#askedAt ??= at;
    if (at === this.#askedAt) return;
    const isAnswered = look != null && look.at >= this.#askedAt;
    if (!isAnswered && at - this.#askedAt < ANSWER_MS) return;
    this.#askedAt = null;
    // Once more right before the end: who reads on by then is no longer one who does not read.
    const last = this.deadlineAt - LAST_LOOK_MS;
    this.#lookAt = at < last ? Math.min(at + LOOK_MS, last) : Number.POSITIVE_INFINITY;
    if (!isAnswered) return;
    const before = this.#look;
    const takes = before !== null && (accepted > before.accepted || look.unacknowledged < before.unacknowledged);
    this.#zeroWindowSince = look.peerWindow === 'zero' && !takes ? (this.#zeroWindowSince ?? look.at) : null;
    this.#look = { ...look, accepted };
  }

  /** For how long the peer is known to have been there without reading, up to now. */
  #zeroWindowMs(at: number): number {
    const { accepted } = this.#meter.read();
    const isFresh = this.#look !== null && at - this.#look.at <= LAST_LOOK_MS && accepted === this.#look.accepted;
    return isFresh && this.#zeroWindowSince !== null ? at - this.#zeroWindowSince : 0;
  }
}

/** All of them are visited by then; the next visit is due `VISIT_MS` later, or at the next deadline. */
function wakeBy(at: number): void {
  const from = now();
  // What should have woken long ago was lost with a mocked clock.
  if (at >= wakeAt && wakeAt >= from - VISIT_MS) return;
  clearTimeout(timer);
  wakeAt = at;
  timer = setTimeout(visitAll, Math.max(1, at - from));
  holdProcess();
}

/** Sockets keep the process alive by themselves while they write; other streams may not, nor does a promise of settled(). */
function holdProcess(): void {
  if (unflushed > 0 || settledResolvers.size > 0) timer?.ref();
  else timer?.unref();
}

function visitAll(): void {
  reached(wakeAt);
  const at = now();
  wakeAt = Number.POSITIVE_INFINITY;
  try {
    for (const socket of lingering) socket.visit(at);
  } finally {
    let next = at + VISIT_MS;
    for (const { deadlineAt } of lingering) if (deadlineAt > at) next = Math.min(next, deadlineAt);
    if (lingering.size > 0) wakeBy(next);
  }
}

function leave(key: LingerOwner | null): void {
  const left = (counts.get(key) ?? 0) - 1;
  counts.set(key, left);
  if (left > 0) return;
  counts.delete(key);
  for (const resolve of settledResolvers.get(key) ?? []) resolve();
  settledResolvers.delete(key);
}

/** From now on the sockets of this owner have to be gone by then, or sooner. */
export function shortenLingering(owner: LingerOwner, deadlineAt: number): void {
  for (const socket of lingering) if (socket.owner === owner) socket.shorten(deadlineAt);
}

/** Resolves when no socket of this owner lingers any more, or none at all. Until then it keeps the process alive. */
export function lingeringEnded(owner: LingerOwner | null): Promise<void> {
  return new Promise((resolve) => {
    if (!counts.has(owner)) return resolve();
    settledResolvers.set(owner, [...(settledResolvers.get(owner) ?? []), resolve]);
    holdProcess();
  });
}

/**
 * Resolves when no socket of this process goes on delivering after its WebSocket was closed: what was sent has then been
 * taken by the peers, or given up. For programs that call `process.exit()` once their WebSockets are closed, since what still
 * waits above the kernel dies with the process. Sockets that begin to linger meanwhile are waited for too. Each is gone by its
 * `closeDeadline`.
 */
export function settled(): Promise<void> {
  return lingeringEnded(null);
}
