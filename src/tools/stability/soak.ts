/** Judges from the rounds of a long run whether the server leaks memory, connections or handles. Pure. */

/** What the server held after a round, when all connections had ended. Null: not visible, as the server is at a URL. */
export interface SoakRound {
  /** Milliseconds since the run began. */
  atMs: number;
  /** Connections that have ended since the run began. */
  connections: number;
  /** Connections that the server's `clients` still has. */
  clients: number | null;
  /** Sockets and timers that the server and the run's clients still hold. */
  handles: number;
  /** Bytes that the server's JavaScript heap held after a full garbage collection. */
  heapBytes: number | null;
  /** Resident memory of the server's process. It may grow for a while without a leak, so it is not judged. */
  rssBytes: number | null;
}

/** The verdict of a run with a `duration`: whether the server leaks. */
export interface Soak {
  /**
   * - `steady`: no connection, socket or timer is left, and the heap does not grow with the number of connections.
   * - `growing`: a connection, socket or timer is left, or the heap grows.
   * - `too-short`: too few rounds or connections for a verdict.
   * - `not-visible`: the run did not start the server, so it cannot see the server's memory.
   */
  verdict: 'steady' | 'growing' | 'too-short' | 'not-visible';
  /** By how many bytes the heap grew per connection. Null where there is no verdict on the heap. */
  bytesPerConnection: number | null;
  /** At most 240 of the rounds, evenly spaced. */
  rounds: SoakRound[];
}

/** The share of the rounds that is left out at the beginning, because there the server fills caches and compiles code. */
const WARM_UP = 1 / 3;
/** With fewer rounds or connections, a leak of 1 KB per connection looks like the growth of caches. */
const MIN_ROUNDS = 8;
const MIN_CONNECTIONS = 1_000;
/** Caches grow for a while, by less than this in total and per connection. One leaked WebSocket takes about 10 KB. */
const TOLERATED_BYTES = 2 ** 20;
const TOLERATED_PER_CONNECTION = 32;
/** The z that a trend must exceed: p < 0.005, one-sided. */
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
 * Computes the Theil–Sen slope (the median of the slopes of all pairs of points, which a few outliers do not change) and
 * the z of the Mann–Kendall test (how certain it is that there is a trend).
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
        ? `growing: ${last?.clients ?? 0} clients and ${last?.handles ?? 0} handles were not freed`
        : `growing: ${bytesPerConnection} bytes per connection${heap}`;
    case 'too-short':
      return `too short for a verdict${heap}`;
    case 'not-visible':
      return 'not visible: this run did not start the server';
  }
}
