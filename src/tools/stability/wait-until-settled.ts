/** Waits until no socket of this process lingers, that is, still delivers data after its WebSocket has closed. */
import { setTimeout as delay } from 'node:timers/promises';
import WebSocket from '../../index';

/** How long the last sockets, handles and timers may take to close before they count as leaked, in ms. */
export const SETTLE_TIMEOUT = 2_000;

/** Resolves when no socket lingers, or after `ms`. */
export async function waitUntilSettled(ms: number): Promise<void> {
  const { settled } = WebSocket as { settled?: () => Promise<void> };
  if (typeof settled !== 'function') return;
  const timer = new AbortController();
  await Promise.race([settled(), delay(ms, undefined, { signal: timer.signal }).catch(() => {})]);
  timer.abort();
}
