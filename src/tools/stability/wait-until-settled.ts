/** Waits until no socket of this process lingers, that is, still delivers data after its WebSocket has closed. */
import { setTimeout as delay } from 'node:timers/promises';
import { settled } from '../../additions';

/** How long the last sockets, handles and timers may take to close before they count as leaked, in ms. */
export const SETTLE_TIMEOUT = 2_000;

/** Resolves when no socket lingers, or after `ms`. */
export async function waitUntilSettled(ms: number): Promise<void> {
  const timer = new AbortController();
  await Promise.race([settled(), delay(ms, undefined, { signal: timer.signal }).catch(() => {})]);
  timer.abort();
}
