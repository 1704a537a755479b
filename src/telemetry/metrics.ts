/** Counts of connections and of how they ended. What a server counts, the process counts, too. */

import {
  CLOSE_KINDS,
  type CloseInfo,
  type CloseKind,
  type FailedOpening,
  LINGER_OUTCOMES,
  type LingerOutcome,
  type Phase,
} from '../close-info';
import { sharedValue } from '../copies';

/** What `wss.stats()` returns: counts since the server was made, and how many connections there are now. */
export interface Stats {
  /** Connections now, by phase: `opening`, `open`, `handshake`, `fin`, `cut`. `cut` are those that this side has ended, and whose 'close' is about to come. */
  connections: Record<Exclude<Phase, 'closed'>, number>;
  /** Connections that were opened. */
  opened: number;
  /** Connections that ended, by kind; of clients also those that never opened. */
  ended: Record<CloseKind, number>;
  /** Of the ended ones, those that were cut here. Those whose socket lingers are not. */
  forced: Record<'reset' | 'destroy', number>;
  /** Sockets that go on delivering after their WebSockets were closed: how many there are now, and what became of the others. */
  lingering: Record<'now' | LingerOutcome, number>;
  /** Peers that were lost before they were WebSockets, by kind. Servers only. */
  failedOpenings: Record<FailedOpening, number>;
  /**
   * Upgrade requests whose sockets were closed after `upgradeTimeout`: nobody had answered them, or they had been refused and
   * neither side had closed them. Servers only.
   */
  reapedUpgrades: Record<'abandoned' | 'refused', number>;
  /** How long ends took, from their first sign to 'close'. */
  closeMs: Histogram;
  /** The round trips of the heartbeat's pings. */
  rttMs: Histogram;
}

/** How a time was distributed. */
export interface Histogram {
  /** How many times were measured. */
  count: number;
  /** In ms. */
  sum: number;
  /** How many took at most so many ms; the last bound is Infinity. */
  buckets: Record<'upTo' | 'count', number>[];
}

/** Bounds in ms: what a healthy handshake takes, what closeTimeout and closeDeadline allow, and more. */
export const CLOSE_MS_BOUNDS = [1, 5, 10, 50, 100, 500, 1_000, 2_500, 5_000, 10_000, 30_000];

/** Bounds in ms: from one machine to the far side of the world, and a bad line. */
export const RTT_MS_BOUNDS = [1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000];

/** Bounds in ms, for whole connections: reconnecting in a loop, the usual idle limits of proxies, a working day and more. */
export const CONNECTION_MS_BOUNDS = [
  100, 1_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 1_800_000, 3_600_000, 14_400_000, 86_400_000,
];

/** Counts times by their bounds. */
class Distribution {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  add(ms: number): void {
    let bucket = 0;
    while (ms > (this.#bounds[bucket] ?? Number.POSITIVE_INFINITY)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += ms;
  }

  read(): Histogram {
    let count = 0;
    const buckets = this.#counts.map((added, i) => {
      count += added;
      return { upTo: this.#bounds[i] ?? Number.POSITIVE_INFINITY, count };
    });
    return { count, sum: this.#sum, buckets };
  }
}

/** The labels of failed openings: kind and origin. */
export const FAILED_OPENINGS = [
  ['upgrade-failed', 'peer'],
  ['upgrade-failed', 'local'],
  ['tls-failed', 'peer'],
  ['no-request', 'peer'],
] as const satisfies [FailedOpening, string][];

const zeros = <K extends string>(...keys: readonly K[]) =>
  Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;

/** How many connections are in each phase. Each by its own name: a name that varies takes V8 ten times as long. */
class PhaseCounts {
  opening = 0;
  open = 0;
  handshake = 0;
  fin = 0;
  cut = 0;

  add(phase: Phase, change: 1 | -1): void {
    if (phase === 'open') this.open += change;
    else if (phase === 'cut') this.cut += change;
    else if (phase === 'handshake') this.handshake += change;
    else if (phase === 'fin') this.fin += change;
    else if (phase === 'opening') this.opening += change;
  }
}

export class Metrics {
  readonly #all: Metrics | null;
  readonly #connections = new PhaseCounts();
  #opened = 0;
  readonly #ended = zeros(...CLOSE_KINDS);
  readonly #forced = zeros('reset', 'destroy');
  readonly #lingering = zeros('now', ...LINGER_OUTCOMES);
  readonly #failedOpenings = zeros(...FAILED_OPENINGS.map(([kind]) => kind));
  readonly #reapedUpgrades = zeros('abandoned', 'refused');
  readonly #closeMs = new Distribution(CLOSE_MS_BOUNDS);
  readonly #rttMs = new Distribution(RTT_MS_BOUNDS);

  /** `all` counts the same for the whole process. */
  constructor(all: Metrics | null) {
    this.#all = all;
  }

  /** A connection was made (from null) or came into another phase. */
  moved(from: Phase | null, to: Phase): void {
    if (from) this.#connections.add(from, -1);
    this.#connections.add(to, 1);
    if (to === 'open') this.#opened++;
    this.#all?.moved(from, to);
  }

  ended(info: Pick<CloseInfo, 'kind' | 'forced' | 'elapsedMs'>): void {
    const { kind, forced, elapsedMs } = info;
    this.#ended[kind]++;
    if (forced) this.#forced[forced]++;
    this.#closeMs.add(elapsedMs);
    this.#all?.ended(info);
  }

  measuredRtt(ms: number): void {
    this.#rttMs.add(ms);
    this.#all?.measuredRtt(ms);
  }

  lingers(): void {
    this.#lingering.now++;
    this.#all?.lingers();
  }

  lingered(outcome: LingerOutcome): void {
    this.#lingering.now--;
    this.#lingering[outcome]++;
    this.#all?.lingered(outcome);
  }

  openingFailed(kind: FailedOpening): void {
    this.#failedOpenings[kind]++;
    this.#all?.openingFailed(kind);
  }

  upgradeReaped(why: 'abandoned' | 'refused'): void {
    this.#reapedUpgrades[why]++;
    this.#all?.upgradeReaped(why);
  }

  read(): Stats {
    return {
      connections: { ...this.#connections },
      opened: this.#opened,
      ended: { ...this.#ended },
      forced: { ...this.#forced },
      lingering: { ...this.#lingering },
      failedOpenings: { ...this.#failedOpenings },
      reapedUpgrades: { ...this.#reapedUpgrades },
      closeMs: this.#closeMs.read(),
      rttMs: this.#rttMs.read(),
    };
  }
}

/** All connections of this process, by which side of them it is. */
export const processMetrics = sharedValue('metrics', () => ({ server: new Metrics(null), client: new Metrics(null) }));
