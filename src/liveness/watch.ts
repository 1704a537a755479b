/** Checks open connections at intervals: heartbeat, slow peers, age. One timer serves all with the same limits; none runs while all are off. */
import { performance } from 'node:perf_hooks';
import type { Settings } from '../options';
import type { TransportLook } from '../socket-control/contract';
import { type Flow, type SlowPolicy, stepFlow } from './backpressure';
import { CHECKS_PER_TIMEOUT, type HeartbeatState, initialHeartbeat, rests, stepHeartbeat } from './heartbeat';

/** What a check finds of a connection. */
export interface Snapshot {
  received: number;
  accepted: number;
  unsent: number;
  queued: number;
  /** Input is read and counted: only then can silence be judged. */
  countsInput: boolean;
  /** This side is at work on what it has to send (deflate), and everything else waits for that. */
  busy: boolean;
}

/** A connection that is checked. */
export interface Watchable {
  /** Nothing waits to be sent. Cheap, since it is asked of every connection at every check. */
  isIdle(): boolean;
  snapshot(): Snapshot;
  /** What the system knows of bytes on their way; null where it does not tell. */
  lookAtTransport(): TransportLook | null;
  ping(): void;
  giveUp(policy: 'heartbeat' | SlowPolicy): void;
  /** Closes a connection that has reached its age. */
  retire(): void;
}

interface Watched {
  received: number;
  accepted: number;
  unsent: number;
  heartbeat: HeartbeatState | null;
  /** Null while nothing waits to be sent. */
  flow: Flow | null;
  /** When half of a limit had passed, and the last look at the transport since. */
  doubtedAt: number | null;
  doubted: TransportLook | null;
  /** When it is to be closed, in ms of the monotonic clock. */
  retiresAt: number;
}

/** maxBufferedAmount is compared this often, in ms: comparing at each send() would cost every message. */
const BUFFER_CHECK_MS = 250;
/** Ages are compared at least this often, in ms. */
const AGE_CHECK_MS = 1_000;
/** The age at which a connection is closed is spread by this share of maxAge, both ways. */
const AGE_JITTER = 0.1;
const MIN_TICK_MS = 5;
const MAX_SLOTS = 8;
/** The process is taken to have been stopped, or the machine to have slept, when a tick is late by this, in ms, or by half a timeout. */
const ASLEEP_MS = 1_000;

class Watch {
  readonly #settings: Settings;
  readonly #limitsFlow: boolean;
  /** Ms between two checks of the same connection. */
  readonly #period: number;
  readonly #tick: number;
  /** Each connection is in one slot, and one slot is checked at a time, so that the work is spread over the period. */
  readonly #slots: Map<Watchable, Watched>[];
  readonly #onEmpty: () => void;
  #turn = 0;
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Time in which this process ran, in ms. While it was stopped or busy it could read nothing. */
  #now = 0;
  #tickedAt = 0;
  #tickedOn = 0;

  constructor(settings: Settings, onEmpty: () => void) {
    this.#settings = settings;
    this.#limitsFlow = limitsFlow(settings);
    this.#onEmpty = onEmpty;
    this.#period = checkPeriod(settings);
    const slots = Math.min(MAX_SLOTS, Math.max(1, Math.floor(this.#period / MIN_TICK_MS)));
    this.#tick = this.#period / slots;
    this.#slots = Array.from({ length: slots }, () => new Map());
  }

  add(connection: Watchable): void {
    if (this.#size++ === 0) this.#start();
    const { heartbeat, maxAge } = this.#settings;
    const { received, accepted, unsent } = connection.snapshot();
    const slot = Math.floor(Math.random() * this.#slots.length);
    this.#slots[slot]?.set(connection, {
      received,
      accepted,
      unsent,
      heartbeat: heartbeat && initialHeartbeat(this.#now, heartbeat, Math.random()),
      flow: null,
      doubtedAt: null,
      doubted: null,
      retiresAt: performance.now() + maxAge * (1 + AGE_JITTER * (2 * Math.random() - 1)),
    });
  }

  remove(connection: Watchable): void {
    if (!this.#slots.some((slot) => slot.delete(connection)) || --this.#size > 0) return;
    clearInterval(this.#timer);
    this.#onEmpty();
  }

  #start(): void {
    this.#tickedAt = performance.now();
    this.#tickedOn = Date.now();
    // setImmediate() runs after the loop has polled: what came while it was busy is read before anybody is judged.
    this.#timer = setInterval(() => setImmediate(() => this.#onTick()), this.#tick).unref();
  }

  #onTick(): void {
    const at = performance.now();
    const on = Date.now();
    // The monotonic clock stands still while some systems sleep; the other one may be set by hand, which costs a ping.
    const missed = Math.max(at - this.#tickedAt, on - this.#tickedOn) - this.#tick;
    this.#now += Math.min(at - this.#tickedAt, 2 * this.#tick);
    this.#tickedAt = at;
    this.#tickedOn = on;
    const { heartbeat } = this.#settings;
    if (heartbeat && missed >= Math.max(ASLEEP_MS, heartbeat.timeout / 2)) this.#pingAll();
    this.#turn = (this.#turn + 1) % this.#slots.length;
    for (const [connection, watched] of this.#slots[this.#turn] ?? []) this.#visit(connection, watched, at);
  }

  /** Whoever does not answer by `timeout` from now on is gone. */
  #pingAll(): void {
    for (const slot of this.#slots) {
      for (const [connection, watched] of slot) {
        this.#settle(watched);
        watched.heartbeat = { pingedAt: this.#now, answered: false };
        connection.ping();
      }
    }
  }

  #visit(connection: Watchable, watched: Watched, at: number): void {
    if (at >= watched.retiresAt) {
      connection.retire();
      return;
    }
    const { heartbeat } = this.#settings;
    const isResting = !watched.heartbeat || !heartbeat || rests(watched.heartbeat, this.#now, this.#period, heartbeat);
    if (isResting && (!this.#limitsFlow || connection.isIdle())) {
      watched.flow = null;
      return;
    }
    const seen = connection.snapshot();
    const slow = this.#limitsFlow ? this.#judgeFlow(connection, watched, seen) : null;
    if (slow) connection.giveUp(slow);
    else if (watched.heartbeat) this.#stepHeartbeat(connection, watched, seen);
    const { received, accepted, unsent } = seen;
    Object.assign(watched, { received, accepted, unsent });
  }

  #judgeFlow(connection: Watchable, watched: Watched, seen: Snapshot): SlowPolicy | null {
    const { sendTimeout } = this.#settings;
    watched.flow ??= { accepted: seen.accepted, queued: seen.queued, movedAt: this.#now };
    const [flow, why] = stepFlow(watched.flow, { at: this.#now, ...seen }, this.#settings);
    watched.flow = flow;
    const stoodFor = this.#now - flow.movedAt;
    // The system accepts bytes in large steps, and a steady, slow reader may take longer for one than the limit is.
    if (stoodFor >= sendTimeout / 2 && this.#acknowledges(connection, watched)) {
      watched.flow = { ...flow, movedAt: this.#now };
      return why === 'max-buffered' ? why : null;
    }
    if (stoodFor === 0 && !watched.heartbeat) this.#settle(watched);
    return why;
  }

  #stepHeartbeat(connection: Watchable, watched: Watched, seen: Snapshot): void {
    const { heartbeat } = this.#settings;
    if (!heartbeat || !watched.heartbeat) return;
    // The system accepts bytes while others wait only as the peer acknowledges some.
    const takes = watched.unsent > 0 && seen.accepted > watched.accepted;
    const alive = !seen.countsInput || seen.busy || takes || seen.received > watched.received;
    const [next, act] = stepHeartbeat(watched.heartbeat, { at: this.#now, alive, period: this.#period }, heartbeat);
    watched.heartbeat = next;
    if (act === 'ping') connection.ping();
    // The ping waits behind what the kernel holds: a peer that takes of that is alive, though it cannot answer yet.
    else if (act && this.#acknowledges(connection, watched)) watched.heartbeat = { ...next, answered: true };
    else if (act === 'timed-out') connection.giveUp('heartbeat');
    if (watched.heartbeat.answered) this.#settle(watched);
  }

  /** Whether the peer's system was seen to acknowledge bytes since the connection came into doubt. */
  #acknowledges(connection: Watchable, watched: Watched): boolean {
    watched.doubtedAt ??= performance.now();
    const look = connection.lookAtTransport();
    if (!look || look.at < watched.doubtedAt) return false;
    const before = watched.doubted;
    watched.doubted = look;
    return before !== null && look.unacknowledged < before.unacknowledged;
  }

  #settle(watched: Watched): void {
    watched.doubtedAt = null;
    watched.doubted = null;
  }
}

const isLimit = (value: number) => value < Number.POSITIVE_INFINITY;

function limitsFlow({ maxBufferedAmount, sendTimeout }: Settings): boolean {
  return isLimit(maxBufferedAmount) || isLimit(sendTimeout);
}

function checkPeriod({ heartbeat, maxBufferedAmount, sendTimeout, maxAge }: Settings): number {
  const periods = [
    heartbeat ? Math.min(heartbeat.interval, heartbeat.timeout) / CHECKS_PER_TIMEOUT : Number.POSITIVE_INFINITY,
    isLimit(maxBufferedAmount) ? BUFFER_CHECK_MS : Number.POSITIVE_INFINITY,
    sendTimeout / CHECKS_PER_TIMEOUT,
    isLimit(maxAge) ? Math.min(AGE_CHECK_MS, maxAge / CHECKS_PER_TIMEOUT) : Number.POSITIVE_INFINITY,
  ];
  return Math.max(MIN_TICK_MS, Math.min(...periods));
}

/** All connections with the same limits share one watch, which exists while it has any. */
const watches = new Map<string, Watch>();

/** Adds connections to the watch for their settings, and takes them out. */
export interface Watching {
  add(connection: Watchable): void;
  remove(connection: Watchable): void;
}

/** Null where there is nothing to watch for. */
export function watching(settings: Settings): Watching | null {
  const { heartbeat, maxBufferedAmount, sendTimeout, maxAge } = settings;
  if (!heartbeat && !limitsFlow(settings) && !isLimit(maxAge)) return null;
  const key = [heartbeat?.interval, heartbeat?.timeout, maxBufferedAmount, sendTimeout, maxAge].join();
  return {
    add(connection) {
      const watch = watches.get(key) ?? new Watch(settings, () => watches.delete(key));
      watches.set(key, watch);
      watch.add(connection);
    },
    remove: (connection) => watches.get(key)?.remove(connection),
  };
}
