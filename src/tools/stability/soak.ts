/** What a long run says about leaks. Pure. */

/** What the server held after a round, when all connections had ended. Null where it cannot be seen. */
export interface SoakRound {
  /** Milliseconds since the run began. */
  atMs: number;
  /** Connections so far. */
  connections: number;
  /** Connections that are left in `clients`. */
  clients: number | null;
  /** Sockets and timers that are left, of the server and of the run's own clients. */
  handles: number;
  /** Bytes that the server's JavaScript heap held after a full garbage collection. */
  heapBytes: number | null;
  /** Resident memory of the server's process; it may grow for a while where nothing leaks. */
  rssBytes: number | null;
}

/** What a run with a `duration` says about leaks. */
export interface Soak {
  /**
   * - `steady`: nothing is left and the heap does not grow with the number of connections.
   * - `growing`: something is left, or the heap grows.
   * - `too-short`: too few rounds to tell.
   * - `not-visible`: the server is not this run's own, so its memory cannot be seen.
   */
  verdict: 'steady' | 'growing' | 'too-short' | 'not-visible';
  /** By how much the heap grew with each connection; null where that cannot be told. */
  bytesPerConnection: number | null;
  /** At most 240 of the rounds, evenly spread. */
  rounds: SoakRound[];
}

/** The first third of a run fills caches and compiles code. */
const WARM_UP = 1 / 3;
/** In so few rounds or with so few connections a leak of 1 KB per connection could not be told from that. */
const MIN_ROUNDS = 8;
const MIN_CONNECTIONS = 1_000;
/** Caches go on growing for a while, by less than this in all and per connection; a WebSocket takes some 10 KB. */
const TOLERATED_BYTES = 2 ** 20;
const TOLERATED_PER_CONNECTION = 32;
/** One-sided, p < 0.005. */
const SIGNIFICANT = 2.58;

export function judgeSoak(rounds: SoakRound[]): Soak {
  const last = rounds.at(-1);
  if (last && (last.clients || last.handles)) return { verdict: 'growing', bytesPerConnection: null, rounds };
  const points = rounds
    .slice(Math.ceil(rounds.length * WARM_UP))
    .flatMap(({ connections, heapBytes }) => (heapBytes === null ? [] : [{ x: connections, y: heapBytes }]));
  if (rounds.length > 0 && points.length === 0) return { verdict: 'not-visible', bytesPerConnection: null, rounds };
  const connections = (points.at(-1)?.x ?? 0) - (points[0]?.x ?? 0);
  if (points.length < MIN_ROUNDS || connections < MIN_CONNECTIONS) {
    return { verdict: 'too-short', bytesPerConnection: null, rounds };
  }
  const { slope, z } = trend(points);
  const grows = z > SIGNIFICANT && slope > TOLERATED_PER_CONNECTION && slope * connections > TOLERATED_BYTES;
  return { verdict: grows ? 'growing' : 'steady', bytesPerConnection: Math.round(slope), rounds };
}

/**
 * Theil and Sen's slope, the median of the slopes of all pairs, which a few odd rounds do not move; and the z of Mann
 * and Kendall's test, which says how sure it is that there is a trend at all.
 */
function trend(points: { x: number; y: number }[]): { slope: number; z: number } {
  const slopes: number[] = [];
  for (const [i, a] of points.entries()) {
    for (const b of points.slice(i + 1)) slopes.push((b.y - a.y) / (b.x - a.x));
  }
  slopes.sort((a, b) => a - b);
  const s = slopes.reduce((sum, slope) => sum + Math.sign(slope), 0);
  const n = points.length;
  const z = (s - Math.sign(s)) / Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  return { slope: slopes[Math.floor(slopes.length / 2)] as number, z };
}

/** The verdict in words. */
export function soakSentence({ verdict, bytesPerConnection, rounds }: Soak): string {
  const last = rounds.at(-1);
  const heap = last?.heapBytes ? `, heap ${(last.heapBytes / 2 ** 20).toFixed(1)} MiB` : '';
  switch (verdict) {
    case 'steady':
      return `steady: ${bytesPerConnection} bytes per connection${heap}`;
    case 'growing':
      return bytesPerConnection === null
        ? `growing: ${last?.clients ?? 0} clients and ${last?.handles ?? 0} handles are left`
        : `growing: ${bytesPerConnection} bytes per connection${heap}`;
    case 'too-short':
      return `too short to tell${heap}`;
    case 'not-visible':
      return 'not visible: the server is not ours';
  }
}
