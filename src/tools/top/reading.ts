/** What was read of a process at one moment, whichever format it was in. Pure. */

export const ROLES = ['server', 'client'] as const;
export type Role = (typeof ROLES)[number];

export const PHASES = ['opening', 'open', 'handshake', 'fin', 'cut'] as const;

/** A peer that cannot be trusted to be what it says: these texts come from outside. */
interface Peer {
  address: string;
  id: string;
}

/** Times by their bounds, as in Prometheus: how many took at most so many ms. */
export interface Times {
  count: number;
  sumMs: number;
  buckets: { upToMs: number; count: number }[];
}

/** Counts since the process started. What a format does not tell is null. */
export interface Reading {
  version: string | null;
  uptimeMs: number | null;
  connections: Record<Role, { now: Record<string, number>; opened: number }>;
  /** Ends of servers and clients together, by kind. */
  ended: Record<string, number>;
  roundTrips: Times;
  lingering: { sockets: number; bytes: number | null; outcomes: Record<string, number> };
  slowConsumers: (Peer & { bytes: number })[] | null;
  /** The newest last. */
  recentEnds: (Peer & { at: number; sentence: string })[] | null;
}
