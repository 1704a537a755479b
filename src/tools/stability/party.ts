/** Clients that live and end together: a client by itself, or the clients of a process that is killed. */
import type { Target } from './client';
import type { StabilitySettings } from './options';
import type { Planned } from './plan';
import type { OwnServer } from './server-process';
import type { Tally } from './tally';
import type { Waits } from './waits';

/** What the parts of a run share. */
export interface Shared {
  readonly settings: StabilitySettings;
  readonly target: Target;
  /** Null for a foreign server, which tells nothing and can be told nothing. */
  readonly own: OwnServer | null;
  readonly tally: Tally;
  readonly waits: Waits;
}

export interface Party {
  readonly planned: readonly Planned[];
  /** Opens one of its connections. None of these rejects: what goes wrong is noted. */
  open(one: Planned): Promise<void>;
  exchange(): Promise<void>;
  /** Ends its connections in their way; resolves when both sides have seen it. */
  end(): Promise<void>;
  /** The same clients when they come back, under other numbers. */
  again(planned: readonly Planned[]): Party;
  /** Notes what it has seen, when nothing more can come. */
  judge(): void;
  /** Sockets that this process still holds for it. */
  held(): number;
  /** Makes sure that nothing of it stays, however it stands. */
  stop(): Promise<void>;
}

/** Waits until the server has seen a connection's end. */
export async function serverEnd({ settings, own, tally, waits }: Shared, one: Planned): Promise<void> {
  if (!own) return;
  await waits
    .inTime(own.ended(one.id), settings.timeout)
    .catch(() => problem({ tally, waits }, `${one.scenario}: the server's end did not come in time`, one));
}

export const NO_ECHO = 'got no echo in time';

/** Notes what is wrong with a connection. What is missing because the run was stopped is no problem. */
export function problem({ tally, waits }: Pick<Shared, 'tally' | 'waits'>, text: string, one: Planned): void {
  if (!waits.stopped) tally.problem(text, one.id);
}

/** A random part of a time that grows, so that clients that were lost together do not come back together. In ms. */
export function backoff(attempt: number): number {
  return Math.random() * Math.min(5_000, 200 * 2 ** attempt);
}
