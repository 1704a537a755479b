/** Looks at all connections at intervals: for peers that read too slowly, and for connections that have reached their age. */
import type { Settings } from '../options';
import { type Flow, type SlowPolicy, stepFlow } from './backpressure';
import { now, type Timers } from './clock';
import { Doubt } from './doubt';
import { RunningTime } from './running-time';
import { every, inTurns } from './timers';
import type { Snapshot, Watchable } from './watchable';

/** maxBufferedAmount is compared this often, in ms: comparing at each send() would cost every message. */
const BUFFER_CHECK_MS = 250;
/** Ages are compared at least this often, in ms. */
const AGE_CHECK_MS = 1_000;
/** Shorter limits are compared so many times within them. */
const CHECKS_PER_LIMIT = 8;
const CHECKS_PER_AGE = 50;
/** The age at which a connection is closed is spread by this share of maxAge, both ways. It is noticed at the next check. */
const AGE_JITTER = 0.1;
const AGE_SPREAD = 2 * AGE_JITTER - 1 / CHECKS_PER_AGE;
const MIN_PERIOD_MS = 5;

interface Swept {
  readonly connection: Watchable;
  /** Null while nothing waits to be sent. */
  flow: Flow | null;
  doubt: Doubt | null;
  /** When it is to be closed, in ms of the monotonic clock. */
  readonly retiresAt: number;
}

export class Sweep {
  readonly #settings: Settings;
  readonly #limitsFlow: boolean;
  readonly #swept = new Map<Watchable, Swept>();
  /** Those that something waits to be sent on. Most wait for nothing, and each look costs: all are visited in every other sweep. */
  readonly #flowing = new Map<Watchable, Swept>();
  readonly stop: () => void;
  readonly #time: RunningTime;
  readonly #timers: Timers;
  #isSweeping = false;
  #isTurnOfAll = false;
  #at = 0;
  #ran = 0;

  constructor(settings: Settings, timers: Timers) {
    this.#settings = settings;
    this.#timers = timers;
    this.#limitsFlow = limitsFlow(settings);
    const period = periodOf(settings);
    this.#time = new RunningTime(period, Number.POSITIVE_INFINITY, () => {});
    this.stop = every(timers, period, () => this.#sweep());
  }

  add(connection: Watchable): void {
    const retiresAt = now() + this.#settings.maxAge * (1 - AGE_JITTER + AGE_SPREAD * Math.random());
    this.#swept.set(connection, { connection, flow: null, doubt: null, retiresAt });
  }

  remove(connection: Watchable): void {
    this.#swept.delete(connection);
    this.#flowing.delete(connection);
  }

  #sweep(): void {
    this.#ran = this.#time.read();
    this.#at = now();
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    this.#isTurnOfAll = !this.#isTurnOfAll || !this.#limitsFlow;
    inTurns(
      this.#isTurnOfAll ? this.#swept : this.#flowing,
      (swept) => this.#visit(swept),
      () => {
        this.#isSweeping = false;
      },
    );
  }

  #visit(swept: Swept): void {
    const { connection } = swept;
    if (this.#at >= swept.retiresAt) connection.retire(this.#timers);
    else if (!this.#limitsFlow) return;
    else if (connection.isIdle()) {
      if (swept.flow === null) return;
      swept.flow = null;
      this.#flowing.delete(connection);
    } else {
      this.#flowing.set(connection, swept);
      const policy = this.#judgeFlow(swept, connection.snapshot());
      if (policy) connection.giveUp(policy);
    }
  }

  #judgeFlow(swept: Swept, seen: Snapshot): SlowPolicy | null {
    const { sendTimeout } = this.#settings;
    const at = this.#ran;
    swept.flow ??= { accepted: seen.accepted, queued: seen.queued, movedAt: at };
    const [flow, why] = stepFlow(swept.flow, { at, ...seen }, this.#settings);
    swept.flow = flow;
    const stoodFor = at - flow.movedAt;
    if (stoodFor === 0) {
      swept.doubt = null;
      return why;
    }
    if (sendTimeout === Number.POSITIVE_INFINITY) return why;
    // The system accepts bytes in large steps, and a steady, slow reader may take longer for one than the limit is.
    swept.doubt ??= new Doubt();
    if (!swept.doubt.acknowledges(swept.connection.lookAtTransport(), seen.accepted)) return why;
    swept.flow = { ...flow, movedAt: at };
    return why === 'max-buffered' ? why : null;
  }
}

const isLimit = (value: number) => value < Number.POSITIVE_INFINITY;

function limitsFlow({ maxBufferedAmount, sendTimeout }: Settings): boolean {
  return isLimit(maxBufferedAmount) || isLimit(sendTimeout);
}

/** Whether the settings have a limit that a sweep looks after. */
export function needsSweep(settings: Settings): boolean {
  return limitsFlow(settings) || isLimit(settings.maxAge);
}

function periodOf({ maxBufferedAmount, sendTimeout, maxAge }: Settings): number {
  const periods = [
    isLimit(maxBufferedAmount) ? BUFFER_CHECK_MS : Number.POSITIVE_INFINITY,
    sendTimeout / CHECKS_PER_LIMIT,
    isLimit(maxAge) ? Math.min(AGE_CHECK_MS, maxAge / CHECKS_PER_AGE) : Number.POSITIVE_INFINITY,
  ];
  return Math.max(MIN_PERIOD_MS, Math.min(...periods));
}
