/** A whole stability run: checks the options, starts the server, runs the rounds, and makes the result. */

import { Cancellation } from './cancellation';
import { parseStabilityOptions, type StabilityOptions, type StabilitySettings } from './options';
import { Outages } from './outages';
import { plan } from './plan';
import type { StabilityResult } from './result';
import { ResultBuilder } from './result-builder';
import { Round } from './round';
import { Samples } from './samples';
import { type ServerUnderTest, startServer } from './server-process';
import { judgeSoak, type SoakRound } from './soak';
import { Timeline } from './timeline';

/**
 * Opens many connections, ends most of them abruptly, and checks how each one ended. Resolves when all connections have
 * ended and all child processes have exited.
 *
 * During the run, an uncaught exception in this process does not end the process: the result counts it as `uncaught`.
 *
 * Rejects with a `WSL_ERR_OPTION_*` or `WSL_ERR_UNKNOWN_OPTION` error for wrong options, before it starts anything, and
 * with `WSL_ERR_SERVER_DIED` when the server that it started exits by itself.
 */
export async function runStability(options: StabilityOptions = {}): Promise<StabilityResult> {
  const settings = parseStabilityOptions(options);
  const results = new ResultBuilder();
  const cancellation = new Cancellation();
  const onUncaught = (error: unknown) => results.uncaughtError(String(error));
  const onAbort = () => cancellation.cancel();
  process.on('uncaughtException', onUncaught);
  settings.signal?.addEventListener('abort', onAbort);
  if (settings.signal?.aborted) cancellation.cancel();
  const outages = await Outages.prepare(settings);
  try {
    const server = await serverFor(settings, outages, results, cancellation);
    let death: Error | undefined;
    server.serverProcess?.died.catch((error: Error) => {
      death = error;
      cancellation.cancel();
    });
    const result = await runRounds(settings, server, outages, results, cancellation).finally(() =>
      server.serverProcess?.stop(),
    );
    if (death) throw death;
    return result;
  } finally {
    await outages?.stop();
    process.off('uncaughtException', onUncaught);
    settings.signal?.removeEventListener('abort', onAbort);
  }
}

async function serverFor(
  { url, plain }: StabilitySettings,
  outages: Outages | null,
  results: ResultBuilder,
  cancellation: Cancellation,
): Promise<ServerUnderTest> {
  if (url) return { url, control: 'foreign', serverProcess: null };
  return startServer(plain, outages?.network ?? null, {
    onEnd: (end) => cancellation.cancelled || results.serverEnded(end),
    onUncaught: (message) => results.uncaughtError(`in the server: ${message.split('\n')[0]}`),
  });
}

async function runRounds(
  settings: StabilitySettings,
  server: ServerUnderTest,
  outages: Outages | null,
  results: ResultBuilder,
  cancellation: Cancellation,
): Promise<StabilityResult> {
  const { connections, mix, seed, duration, reconnect, echo } = settings;
  const { headers, protocols, insecure } = settings;
  const { serverProcess, url, control } = server;
  const target = { url, ownServer: serverProcess !== null, echo, headers, protocols, insecure };
  const startedAt = new Date().toISOString();
  const soak = new Samples<SoakRound>();
  let rounds = 0;
  let round: Round;
  const progress = () => ({
    open: results.open,
    opened: results.opened,
    messages: results.echoed,
    ended: results.ended,
    phase: round?.phase ?? 'open',
    round: Math.max(1, rounds),
    done: round?.done ?? 0,
    total: connections,
    kinds: results.kinds,
  });
  const timeline = new Timeline(progress, settings.onProgress);
  let left: SoakRound;
  try {
    do {
      const firstId = rounds * connections * (1 + reconnect);
      rounds++;
      const planned = plan(connections, mix, seed + rounds - 1).map((one) => ({ ...one, id: firstId + one.id }));
      round = new Round({ settings, target, serverProcess, outages, results, cancellation }, planned);
      left = { ...(await round.run()), atMs: timeline.elapsedMs };
      if (cancellation.cancelled) break;
      soak.add(left);
    } while (duration !== undefined && timeline.elapsedMs < duration);
  } finally {
    timeline.stop();
  }
  const judged = duration === undefined ? null : judgeSoak(soak.kept);
  if (judged?.verdict === 'growing' && judged.bytesPerConnection !== null) {
    results.problem(`the server's heap grows by ${judged.bytesPerConnection} bytes with each connection`);
  }
  return results.result({
    interrupted: cancellation.cancelled,
    platform: process.platform,
    node: process.version,
    control,
    url: serverProcess ? null : withoutSecrets(url),
    leaked: cancellation.cancelled
      ? { clients: null, handles: null }
      : { clients: left.clients, handles: left.handles },
    profile: settings.profile ?? null,
    outages: outages?.counts ?? null,
    seed,
    mix,
    rounds,
    startedAt,
    durationMs: timeline.elapsedMs,
    timeline: timeline.samples,
    soak: judged,
    echo,
  });
}

/** Drops user name, password and query, because a report must not show a password or a token. */
function withoutSecrets(address: string): string {
  const { origin, protocol, host, pathname } = new URL(address);
  return `${origin === 'null' ? `${protocol}//${host}` : origin}${pathname}`;
}
