/** Checks open connections at intervals, for the heartbeat and for slow peers. Nothing of it runs while both are off. */
import { performance } from 'node:perf_hooks';
import type { Settings } from '../options';
import type { TransportLook } from '../socket-control/contract';
import { type Flow, stepFlow } from './backpressure';
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
  snapshot(): Snapshot;
  /** What the system knows of bytes on their way; null where it does not tell. */
  lookAtTransport(): TransportLook | null;
  ping(): void;
  giveUp(why: 'timed-out' | 'slow-consumer'): void;
}

interface Watched {
  received: number;
  accepted: number;
  unsent: number;
  /** When half of the heartbeat's timeout had passed, and the last look at its transport since. */
  doubtedAt: number | null;
  doubted: TransportLook | null;
  heartbeatState: HeartbeatState | null;
  flow: Flow;
}

/** maxBufferedAmount is compared this often, in ms: comparing at each send() would cost every message. */
const BUFFER_LOOK_MS = 250;
const MIN_TICK_MS = 5;
const MAX_SLOTS = 8;

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

  constructor(settings: Settings, onEmpty: () => void) {
    this.#settings = settings;
    this.#limitsFlow = limitsFlow(settings);
    this.#onEmpty = onEmpty;
    this.#period = lookPeriod(settings);
    const slots = Math.min(MAX_SLOTS, Math.max(1, Math.floor(this.#period / MIN_TICK_MS)));
    this.#tick = this.#period / slots;
    this.#slots = Array.from({ length: slots }, () => new Map());
  }

  add(connection: Watchable): void {
    if (this.#size++ === 0) this.#start();
    const { received, accepted, unsent, queued } = connection.snapshot();
    const { heartbeat } = this.#settings;
    const heartbeatState = heartbeat && initialHeartbeat(this.#now, heartbeat, Math.random());
    const slot = Math.floor(Math.random() * this.#slots.length);
    const flow = { accepted, queued, movedAt: this.#now };
    this.#slots[slot]?.set(connection, {
      received,
      accepted,
      unsent,
      doubtedAt: null,
      doubted: null,
      heartbeatState,
      flow,
    });
  }

  remove(connection: Watchable): void {
    if (!this.#slots.some((slot) => slot.delete(connection)) || --this.#size > 0) return;
    clearInterval(this.#timer);
    this.#onEmpty();
  }

  #start(): void {
    this.#tickedAt = performance.now();
    // setImmediate() runs after the loop has polled: what came while it was busy is read before anybody is judged.
    this.#timer = setInterval(() => setImmediate(() => this.#onTick()), this.#tick).unref();
  }

  #onTick(): void {
    const at = performance.now();
    this.#now += Math.min(at - this.#tickedAt, 2 * this.#tick);
    this.#tickedAt = at;
    this.#turn = (this.#turn + 1) % this.#slots.length;
    for (const [connection, watched] of this.#slots[this.#turn] ?? []) this.#visit(connection, watched);
  }

  #visit(connection: Watchable, watched: Watched): void {
    const { heartbeat } = this.#settings;
    if (
      heartbeat &&
      watched.heartbeatState &&
      !this.#limitsFlow &&
      rests(watched.heartbeatState, this.#now, this.#period, heartbeat)
    )
      return;
    const seen = connection.snapshot();
    const [nextFlow, slow] = stepFlow(watched.flow, { at: this.#now, ...seen }, this.#settings);
    watched.flow = nextFlow;
    if (slow) connection.giveUp(slow);
    else if (heartbeat) this.#stepHeartbeat(connection, watched, seen);
    const { received, accepted, unsent } = seen;
    Object.assign(watched, { received, accepted, unsent });
  }

  #stepHeartbeat(connection: Watchable, watched: Watched, seen: Snapshot): void {
    const { heartbeat } = this.#settings;
    if (!heartbeat || !watched.heartbeatState) return;
    // The system accepts bytes while others wait only as the peer acknowledges some.
    const takes = watched.unsent > 0 && seen.accepted > watched.accepted;
    const alive = !seen.countsInput || seen.busy || takes || seen.received > watched.received;
    const [heartbeatState, act] = stepHeartbeat(
      watched.heartbeatState,
      { at: this.#now, alive, period: this.#period },
      heartbeat,
    );
    watched.heartbeatState = heartbeatState;
    if (act === 'ping') connection.ping();
    else if (act && this.#takes(connection, watched)) watched.heartbeatState = { ...heartbeatState, answered: true };
    else if (act === 'timed-out') connection.giveUp(act);
    if (watched.heartbeatState.answered) Object.assign(watched, { doubtedAt: null, doubted: null });
  }

  /**
   * Whether the peer's system was seen to acknowledge bytes since the connection came into doubt: the ping waits behind what
   * the kernel holds, and a peer that takes of that is alive, though it cannot answer yet.
   */
  #takes(connection: Watchable, watched: Watched): boolean {
    watched.doubtedAt ??= performance.now();
    const look = connection.lookAtTransport();
    if (!look || look.at < watched.doubtedAt) return false;
    const before = watched.doubted;
    watched.doubted = look;
    return before !== null && look.unacknowledged < before.unacknowledged;
  }
}

function limitsFlow({ maxBufferedAmount, sendTimeout }: Settings): boolean {
  return Math.min(maxBufferedAmount, sendTimeout) < Number.POSITIVE_INFINITY;
}

function lookPeriod({ heartbeat, maxBufferedAmount, sendTimeout }: Settings): number {
  return Math.max(
    MIN_TICK_MS,
    Math.min(
      heartbeat ? Math.min(heartbeat.interval, heartbeat.timeout) / CHECKS_PER_TIMEOUT : Number.POSITIVE_INFINITY,
      maxBufferedAmount < Number.POSITIVE_INFINITY ? BUFFER_LOOK_MS : Number.POSITIVE_INFINITY,
      sendTimeout / CHECKS_PER_TIMEOUT,
    ),
  );
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
  const { heartbeat, maxBufferedAmount, sendTimeout } = settings;
  if (!heartbeat && !limitsFlow(settings)) return null;
  const key = [heartbeat?.interval, heartbeat?.timeout, maxBufferedAmount, sendTimeout].join();
  return {
    add(connection) {
      const watch = watches.get(key) ?? new Watch(settings, () => watches.delete(key));
      watches.set(key, watch);
      watch.add(connection);
    },
    remove: (connection) => watches.get(key)?.remove(connection),
  };
}
