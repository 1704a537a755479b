/** The messages that a slow peer is sent all at once, just before its connection is closed. */
import type { Scenario } from './plan';

const MESSAGE_BYTES = 64 * 1024;
/** At the speed of slow-reader.ts these take some 8 s. */
const SLOW = 4;
/** 6 MiB, more than the kernels of both sides usually hold: the server is left with bytes that it cannot write yet. */
const INTERRUPTED = 96;
/** All interrupted peers together get 256 MiB or less, so that many of them do not hold up everybody else. */
const INTERRUPTED_IN_ALL = 4096;
/** The first message begins the interruption, so there has to be one behind it. */
const LEAST = 2;

/** How many messages each connection of a plan has as its backlog, by its way to end. */
export function backlogs(scenarios: readonly Scenario[]): Record<Scenario, number> {
  const interrupted = scenarios.filter((scenario) => scenario === 'pause' || scenario === 'cutoff').length;
  const each = Math.max(LEAST, Math.min(INTERRUPTED, Math.floor(INTERRUPTED_IN_ALL / interrupted)));
  const none = { clean: 0, rst: 0, fin: 0, cut: 0, stall: 0, kill: 0 };
  return { ...none, slow: SLOW, pause: each, cutoff: each };
}

const made: Buffer[] = [];

/** A message of the backlog: MESSAGE_BYTES of its number. All connections share the same buffers. */
export function backlogMessage(n: number): Buffer {
  made[n] ??= Buffer.alloc(MESSAGE_BYTES, n);
  return made[n];
}
