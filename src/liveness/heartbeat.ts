/** When to look for the answer to a ping, and when to give its peer up. Pure. */
import type { HeartbeatOptions } from '../options';

type Timeout = Pick<HeartbeatOptions, 'timeout'>;

/** From half of `timeout` on the answer is looked for at every eighth of it. */
export const CHECKS_PER_TIMEOUT = 8;

/** What is to be thought of a peer of which nothing has come since the ping. */
export function judgeSilence(pingedAt: number, at: number, { timeout }: Timeout): 'waiting' | 'doubt' | 'timed-out' {
  const waited = at - pingedAt;
  if (waited >= timeout) return 'timed-out';
  return waited >= timeout / 2 ? 'doubt' : 'waiting';
}

/** When to look for the answer next. */
export function nextCheck(pingedAt: number, at: number, { timeout }: Timeout): number {
  const step = timeout / CHECKS_PER_TIMEOUT;
  const steps = Math.max(CHECKS_PER_TIMEOUT / 2, Math.floor((at - pingedAt) / step) + 1);
  return pingedAt + Math.min(timeout, steps * step);
}
