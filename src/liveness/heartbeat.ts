/** When to ping a peer, and when to give it up. Pure. */
import type { HeartbeatOptions } from '../options';

export interface HeartbeatState {
  /** When the last ping went out. */
  readonly pingedAt: number;
  /** Input has come from the peer since. */
  readonly answered: boolean;
}

/** A connection is checked this often within the shorter of both times. The ping is due earlier by the gap between checks. */
export const CHECKS_PER_TIMEOUT = 8;

/** The first ping comes earlier by a random part of half an interval, so that peers that connect together are not pinged together. */
export function initialHeartbeat(at: number, { interval }: HeartbeatOptions, random: number): HeartbeatState {
  return { pingedAt: at - (interval / 2) * random, answered: true };
}

/** Whether the next ping is not due yet, and nothing has to be checked until then. */
export function rests(
  { pingedAt, answered }: HeartbeatState,
  at: number,
  period: number,
  { interval }: Pick<HeartbeatOptions, 'interval'>,
): boolean {
  return answered && at - pingedAt < interval - 2 * period;
}

/**
 * Decides, every `period` ms, whether to ping or to give up; `doubt` says that half of `timeout` is over. With checks on time a
 * peer that has vanished is given up within `interval + timeout`: the ping comes at most `interval - period` after it, and the
 * end at most `timeout + period` later.
 */
export function stepHeartbeat(
  { pingedAt, answered }: HeartbeatState,
  { at, alive, period }: { at: number; alive: boolean; period: number },
  { interval, timeout }: HeartbeatOptions,
): [HeartbeatState, 'ping' | 'doubt' | 'timed-out' | null] {
  const heard = { pingedAt, answered: answered || alive };
  if (!heard.answered) {
    if (at - pingedAt >= timeout) return [heard, 'timed-out'];
    return [heard, at - pingedAt >= timeout / 2 ? 'doubt' : null];
  }
  if (rests(heard, at, period, { interval })) return [heard, null];
  return [{ pingedAt: at, answered: false }, 'ping'];
}
