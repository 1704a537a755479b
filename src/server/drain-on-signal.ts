import type { CloseKind } from '../close-info';
import { withCode } from '../errors';
import { type DrainOptions, parseDrainOptions } from './drain';
import { sideOf } from './server-side';

/**
 * How a process is asked to end: SIGTERM by supervisors, SIGINT by Ctrl-C; on Windows SIGBREAK by Ctrl-Break and SIGHUP by a
 * closed console, which ends the process some seconds later in any case. Elsewhere SIGHUP is what nohup has ignored.
 */
const SIGNALS: NodeJS.Signals[] =
  process.platform === 'win32' ? ['SIGTERM', 'SIGINT', 'SIGBREAK', 'SIGHUP'] : ['SIGTERM', 'SIGINT'];

/** After a second signal the drain ends in this time, in ms. */
const SECOND_SIGNAL_TIMEOUT = 1;

/**
 * Drains the servers when the process is asked to end, by SIGTERM or SIGINT, on Windows also SIGBREAK or SIGHUP, or by the
 * message 'shutdown' of a parent process, since Windows has no signals between processes; then ends the process as the signal would have. A second signal ends the drain at once.
 * Where others listen for the same signal, ending the process is left to them.
 *
 * @param servers - Servers of this package, or attached ones.
 * @param options - What `drain()` takes.
 * @returns A function that removes the listeners.
 * @throws `WSL_ERR_NOT_ATTACHABLE` for a server that is neither, `WSL_ERR_*` for wrong options.
 */
export function drainOnSignal(servers: object | object[], options?: DrainOptions): () => void {
  const sides = [servers].flat().map((server) => {
    const side = sideOf(server);
    if (side) return side;
    throw withCode(
      new TypeError('drainOnSignal() takes WebSocketServers, attached ones too'),
      'WSL_ERR_NOT_ATTACHABLE',
    );
  });
  parseDrainOptions(options);
  let draining: Promise<Record<CloseKind, number>[]> | null = null;

  function drain(): Promise<unknown> {
    const asked = draining ? { spread: 0, timeout: SECOND_SIGNAL_TIMEOUT } : options;
    draining = Promise.all(sides.map((side) => side.drain(asked)));
    return draining;
  }
  async function onSignal(signal: NodeJS.Signals): Promise<void> {
    if (draining) return void drain();
    await drain();
    stop();
    if (process.listenerCount(signal) > 0) return;
    // On Windows kill() would end the process without its exit handlers, and with code 1.
    if (process.platform === 'win32') process.exit(0);
    process.kill(process.pid, signal);
  }
  async function onMessage(message: unknown): Promise<void> {
    if (message !== 'shutdown') return;
    if (draining) return void drain();
    await drain();
    stop();
    if (process.listenerCount('message') === 0) process.exit(0);
  }
  function stop(): void {
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
    if (!channel || !process.listeners('message').includes(onMessage)) return;
    channel.refCounted?.();
    process.removeListener('message', onMessage);
  }

  for (const signal of SIGNALS) process.on(signal, onSignal);
  const channel = process.channel as { unrefCounted?(): void; refCounted?(): void } | undefined;
  if (channel) {
    process.on('message', onMessage);
    // To be ready for a message is no reason to go on.
    channel.unrefCounted?.();
  }
  return stop;
}
