/**
 * The contract of clients that a run opens and ends together, and what its two implementations share: single-client.ts
 * has one client of this process, killed-clients.ts all clients of one child process.
 */

import type { Cancellation } from './cancellation';
import { ownDelayMs, type Target } from './client';
import type { StabilitySettings } from './options';
import type { Outages } from './outages';
import type { PlannedConnection } from './plan';
import type { ResultBuilder } from './result-builder';
import type { ServerProcess } from './server-process';

/** What all parts of one run use. */
export interface RunContext {
  readonly settings: StabilitySettings;
  readonly target: Target;
  /** Null when the run tests a server at a URL: the run can neither ask that server anything nor command it. */
  readonly serverProcess: ServerProcess | null;
  /** Null where the run asked for none. */
  readonly outages: Outages | null;
  readonly results: ResultBuilder;
  readonly cancellation: Cancellation;
}

export interface ClientGroup {
  readonly planned: readonly PlannedConnection[];
  // No method rejects: an error becomes a problem in the results.

  /** Opens one connection of the group. */
  open(one: PlannedConnection): Promise<void>;
  /** Sends the numbered messages and waits for their echoes. */
  exchange(): Promise<void>;
  /** Ends each connection as its scenario says. Resolves when both sides have reported the end. */
  end(): Promise<void>;
  /** Returns a group of the same clients for their next connection, which has another id. */
  reconnect(planned: readonly PlannedConnection[]): ClientGroup;
  /** Adds what the clients saw to the results. The run calls it last, when no event can follow. */
  judge(): void;
  /** Counts the sockets that this process still holds for the group. */
  held(): number;
  /** Frees every socket and process of the group, in whatever state they are. */
  stop(): Promise<void>;
}

/** Waits until the server has reported the connection's end. A late report is a problem. */
export async function waitForServerEnd(
  { settings, serverProcess, results, cancellation }: RunContext,
  one: PlannedConnection,
): Promise<void> {
  if (!serverProcess) return;
  await cancellation
    .withTimeout(serverProcess.ended(one.id), settings.timeout + ownDelayMs(one))
    .catch(() =>
      addProblem({ results, cancellation }, `${one.scenario}: the server did not report the end in time`, one),
    );
}

export const ECHO_TIMEOUT_TEXT = 'the echoes did not arrive in time';

/** Adds a problem of one connection to the results, except in a cancelled run, where missing events mean nothing. */
export function addProblem(
  { results, cancellation }: Pick<RunContext, 'results' | 'cancellation'>,
  text: string,
  one: PlannedConnection,
): void {
  if (!cancellation.cancelled) results.problem(text, one.id);
}

/**
 * How long to wait before a connection attempt, in ms: a random share of a limit that doubles with each attempt, so that
 * clients that lost their connections together do not reconnect together.
 */
export function backoff(attempt: number): number {
  return Math.random() * Math.min(5_000, 200 * 2 ** attempt);
}
