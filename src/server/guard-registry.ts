/** The guard of each HTTP server: one for all who ask for it, taken off when the last of them lets go. */
import type { Server } from 'node:net';
import { parseOptions } from '../defaults';
import type { LingerOptions, Settings } from '../options';
import { type Metrics, processMetrics } from '../telemetry/metrics';
import { Guard } from './guard';
import { checkEmitter } from './orphan-errors';

/** The guards of servers, and how many have asked for each. */
const guards = new WeakMap<Server, { guard: Guard; users: number }>();

/**
 * Guards a server's connections. Returns the guard, which all callers share, with the first one's logger and counts, and a function
 * that lets go of it.
 */
export function guardOf(server: Server, settings: Settings, metrics: Metrics): { guard: Guard; stop(): void } {
  const entry = guards.get(server) ?? { guard: new Guard(settings, metrics), users: 0 };
  guards.set(server, entry);
  if (entry.users++ === 0) entry.guard.watch(server);
  else entry.guard.waitAtLeast(settings.upgradeTimeout);
  let stopped = false;
  return {
    guard: entry.guard,
    stop() {
      if (stopped) return;
      stopped = true;
      if (--entry.users > 0) return;
      entry.guard.stop();
      guards.delete(server);
    },
  };
}

/**
 * Keeps peers that are lost before they are WebSockets from ending the process: during TLS, in their request, between
 * 'upgrade' and `handleUpgrade()`, and after a refusal. Such a loss is logged and counted. Every other error reaches the
 * listeners that it has without the guard. An upgrade request that nobody answers within `upgradeTimeout` is closed.
 *
 * A `WebSocketServer` with `port` or `server`, and an attached one, do this for themselves; it is needed for `noServer`, and
 * for proxies. Guarding a server twice changes nothing but `upgradeTimeout`: the longest that was asked for counts.
 *
 * @param options - The `linger` options; `logger` and `upgradeTimeout` are of use here.
 * @returns A function that removes the guard.
 * @throws `WSL_ERR_NOT_ATTACHABLE` for what is no server, `WSL_ERR_*` for wrong options, before anything is touched.
 */
export function guardServer(server: Server, options?: LingerOptions): () => void {
  checkEmitter('guardServer()', 'a server', server);
  return guardOf(server, parseOptions(options), processMetrics.server).stop;
}
