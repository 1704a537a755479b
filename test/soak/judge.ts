/** Judges from the samples of a run whether what the process holds stays the same. Pure. */
import type { Sample } from './messages.js';

const MB = 2 ** 20;

/** By how much the median of the last third may exceed that of the first third, samples of the warm-up left out. */
export const BOUNDS = {
  heap: 2 * MB,
  rss: 48 * MB,
  handles: 0,
  timers: 4,
  sockets: 4,
  webSockets: 4,
  descriptors: 4,
} as const satisfies Partial<Record<keyof Sample, number>>;

type Bounded = keyof typeof BOUNDS;

/**
 * What every sample must be: nothing is left between two rounds, and the event loop never stood still for longer, in ms. On a busy
 * machine it waits seconds for the processor; what blocks it, a full pipe for example, does so for good.
 */
export const LIMITS = { connections: 0, lingering: 0, stall: 20_000 } as const;

/** Samples at the beginning that are left out, while code is compiled and caches fill: a fifth, one at least. */
const WARM_UP = 1 / 5;
const FEWEST = 6;

export interface Row {
  what: string;
  first: number;
  last: number;
  allowed: number;
  isFlat: boolean;
}

export interface Verdict {
  rows: Row[];
  problems: string[];
}

export function judge(samples: readonly Sample[]): Verdict {
  const problems: string[] = [];
  for (const [what, limit] of Object.entries(LIMITS) as [keyof typeof LIMITS, number][]) {
    const most = Math.max(...samples.map((sample) => sample[what]));
    if (most > limit) problems.push(`${what}: ${most} after a round, at most ${limit} is right`);
  }
  const warm = samples.slice(Math.max(1, Math.ceil(samples.length * WARM_UP)));
  if (warm.length < FEWEST)
    return { rows: [], problems: [...problems, 'too short for a verdict on memory and handles'] };
  const third = Math.floor(warm.length / 3);
  const rows = (Object.keys(BOUNDS) as Bounded[]).map((what) => {
    const [first, last] = [warm.slice(0, third), warm.slice(-third)].map((part) => median(part.map((s) => s[what])));
    const row = { what, first: first as number, last: last as number, allowed: BOUNDS[what] };
    return { ...row, isFlat: row.last - row.first <= row.allowed };
  });
  for (const { what, first, last, isFlat } of rows) if (!isFlat) problems.push(`${what} grew from ${first} to ${last}`);
  return { rows, problems };
}

function median(values: number[]): number {
  const sorted = values.sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}
