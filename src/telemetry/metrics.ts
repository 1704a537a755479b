/** Counts of connections and of how they ended. What a server counts, the process counts, too. */

import type { Phase } from '../close-info';
import { CLOSE_KINDS, type CloseInfo, type CloseKind, LINGER_OUTCOMES, type LingerOutcome } from '../close-info';

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
  failedOpenings: Record<'upgrade-failed' | 'tls-failed', number>;
  /**
   * Upgrade requests whose sockets were closed after `upgradeTimeout`: nobody had answered them, or they had been refused and
   * neither side had closed them. Servers only.
   */
  reapedUpgrades: Record<'abandoned' | 'refused', number>;
  /** How long ends took, from their first sign to 'close'. */
  closeMs: Histogram;
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

/** The labels of failed openings: kind and origin. */
export const FAILED_OPENINGS = [
  ['upgrade-failed', 'peer'],
  ['upgrade-failed', 'local'],
  ['tls-failed', 'peer'],
] as const;

const zeros = <K extends string>(...keys: readonly K[]) =>
  Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;

export class Metrics {
  readonly #all: Metrics | null;
  readonly #connections = zeros('opening', 'open', 'handshake', 'fin', 'cut', 'closed');
  #opened = 0;
  readonly #ended = zeros(...CLOSE_KINDS);
  readonly #forced = zeros('reset', 'destroy');
  readonly #lingering = zeros('now', ...LINGER_OUTCOMES);
  readonly #failedOpenings = zeros('upgrade-failed', 'tls-failed');
  readonly #reapedUpgrades = zeros('abandoned', 'refused');
  readonly #closeMs = new Array<number>(CLOSE_MS_BOUNDS.length + 1).fill(0);
  #closeMsSum = 0;

  /** `all` counts the same for the whole process. */
  constructor(all: Metrics | null) {
    this.#all = all;
  }

  /** A connection was made (from null) or came into another phase. */
  moved(from: Phase | null, to: Phase): void {
    if (from) this.#connections[from]--;
    this.#connections[to]++;
    if (to === 'open') this.#opened++;
    this.#all?.moved(from, to);
  }

  ended({ kind, forced, elapsedMs }: Pick<CloseInfo, 'kind' | 'forced' | 'elapsedMs'>): void {
    this.#ended[kind]++;
    if (forced) this.#forced[forced]++;
    const found = CLOSE_MS_BOUNDS.findIndex((upTo) => elapsedMs <= upTo);
    const bucket = found < 0 ? CLOSE_MS_BOUNDS.length : found;
    this.#closeMs[bucket] = (this.#closeMs[bucket] ?? 0) + 1;
    this.#closeMsSum += elapsedMs;
    this.#all?.ended({ kind, forced, elapsedMs });
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

  openingFailed(kind: 'upgrade-failed' | 'tls-failed'): void {
    this.#failedOpenings[kind]++;
    this.#all?.openingFailed(kind);
  }

  upgradeReaped(why: 'abandoned' | 'refused'): void {
    this.#reapedUpgrades[why]++;
    this.#all?.upgradeReaped(why);
  }

  read(): Stats {
    const { closed: _, ...connections } = this.#connections;
    let count = 0;
    const buckets = this.#closeMs.map((added, i) => {
      count += added;
      return { upTo: CLOSE_MS_BOUNDS[i] ?? Number.POSITIVE_INFINITY, count };
    });
    return {
      connections,
      opened: this.#opened,
      ended: { ...this.#ended },
      forced: { ...this.#forced },
      lingering: { ...this.#lingering },
      failedOpenings: { ...this.#failedOpenings },
      reapedUpgrades: { ...this.#reapedUpgrades },
      closeMs: { count, sum: this.#closeMsSum, buckets },
    };
  }
}

/** All connections of this process, by which side of them it is. */
export const processMetrics = { server: new Metrics(null), client: new Metrics(null) };
