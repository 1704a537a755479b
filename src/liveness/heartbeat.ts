/** When to look for the answer to a ping, and when to give its peer up. Pure. */
import type { HeartbeatOptions } from '../options';

type Timeout = Pick<HeartbeatOptions, 'timeout'>;

/** The answer is looked for so often within `timeout`: a peer that takes of a backlog may do so at any time of it. */
export const CHECKS_PER_TIMEOUT = 8;

/** Whether the time for the answer has passed. */
export function isOver(pingedAt: number, at: number, { timeout }: Timeout): boolean {
  return at - pingedAt >= timeout;
}

/** When to look for the answer next. */
export function nextCheck(pingedAt: number, at: number, { timeout }: Timeout): number {
  const step = timeout / CHECKS_PER_TIMEOUT;
  return pingedAt + Math.min(timeout, (Math.floor((at - pingedAt) / step) + 1) * step);
}
