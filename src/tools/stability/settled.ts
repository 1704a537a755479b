/** Waits until no socket of this process goes on behind a WebSocket that has ended. */
import { setTimeout as delay } from 'node:timers/promises';
import WebSocket from '../../index';

/** How long the last sockets, handles and timers may take to go, in ms. */
export const SETTLE = 2_000;

/** Resolves when nothing lingers any more, or after `ms`. */
export async function nothingLingers(ms: number): Promise<void> {
  const { settled } = WebSocket as { settled?: () => Promise<void> };
  if (typeof settled !== 'function') return;
  const stop = new AbortController();
  await Promise.race([settled(), delay(ms, undefined, { signal: stop.signal }).catch(() => {})]);
  stop.abort();
}
