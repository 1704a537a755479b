/** What is shown of a reading: its counts, and what has changed since the one before. Pure. */
import { CLOSE_KINDS } from '../../close-info';
import { type Reading, ROLES, type Role, type Times } from './reading';

/** Times that were measured. */
export interface Summary {
  count: number;
  meanMs: number;
  /** 99 % took at most this long. A bound of the histogram; Infinity beyond the last one. */
  p99Ms: number;
}

export interface Figures extends Omit<Reading, 'connections' | 'ended' | 'roundTrips'> {
  /** Between this reading and the one before, in ms; null for the first one, and where the process was started anew. */
  elapsedMs: number | null;
  /** Clients only where there are or were any. */
  connections: { role: Role; now: Record<string, number>; opened: number; openedPerSecond: number | null }[];
  ends: { count: number; perSecond: number | null };
  /** Kinds that there were, in the order of `CLOSE_KINDS`, and others. */
  endsByKind: { kind: string; count: number; perSecond: number | null }[];
  /** Null where none were measured. */
  roundTrips: { recent: Summary | null; all: Summary | null };
}

/** A reading, and when it was made, in ms of a monotonic clock. */
export interface Dated {
  reading: Reading;
  at: number;
}

export function figuresOf({ reading, at }: Dated, last: Dated | null): Figures {
  const before = last && at > last.at && isLater(reading, last.reading) ? last : null;
  const elapsedMs = before && at - before.at;
  const perSecond = (now: number, then: number | undefined) =>
    elapsedMs === null ? null : ((now - (then ?? 0)) * 1_000) / elapsedMs;
  const { connections, ended, roundTrips, ...rest } = reading;
  const then = before?.reading;
  const all = total(ended);
  return {
    ...rest,
    elapsedMs,
    connections: ROLES.map((role) => {
      const { now, opened } = connections[role];
      return { role, now, opened, openedPerSecond: perSecond(opened, then?.connections[role].opened) };
    }).filter(({ role, now, opened }) => role === 'server' || opened + total(now) > 0),
    ends: { count: all, perSecond: perSecond(all, then && total(then.ended)) },
    endsByKind: kindsIn(ended).map((kind) => {
      const count = ended[kind] ?? 0;
      return { kind, count, perSecond: perSecond(count, then?.ended[kind]) };
    }),
    roundTrips: {
      all: summaryOf(roundTrips),
      recent: then ? summaryOf(difference(roundTrips, then.roundTrips)) : null,
    },
  };
}

/** Whether the counts go on from where they were: those of a process that was started anew begin at 0. */
function isLater(now: Reading, then: Reading): boolean {
  return (
    (now.uptimeMs ?? 0) >= (then.uptimeMs ?? 0) &&
    ROLES.every((role) => now.connections[role].opened >= then.connections[role].opened) &&
    Object.keys(then.ended).every((kind) => (now.ended[kind] ?? 0) >= (then.ended[kind] ?? 0)) &&
    now.roundTrips.count >= then.roundTrips.count
  );
}

function kindsIn(ended: Record<string, number>): string[] {
  const known: readonly string[] = CLOSE_KINDS;
  const others = Object.keys(ended).filter((kind) => !known.includes(kind));
  return [...known, ...others].filter((kind) => (ended[kind] ?? 0) > 0);
}

function total(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function difference(now: Times, then: Times): Times {
  const before = new Map(then.buckets.map(({ upToMs, count }) => [upToMs, count]));
  return {
    count: now.count - then.count,
    sumMs: now.sumMs - then.sumMs,
    buckets: now.buckets.map(({ upToMs, count }) => ({ upToMs, count: count - (before.get(upToMs) ?? 0) })),
  };
}

function summaryOf({ count, sumMs, buckets }: Times): Summary | null {
  if (count <= 0) return null;
  const bounds = buckets.filter((bucket) => bucket.count >= 0.99 * count).map(({ upToMs }) => upToMs);
  return { count, meanMs: Math.max(0, sumMs) / count, p99Ms: Math.min(Number.POSITIVE_INFINITY, ...bounds) };
}
