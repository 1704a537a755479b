/** A stability run from beginning to end: a server, rounds of connections, what is left, a result. */
import { parseStabilityOptions, type StabilityOptions, type StabilitySettings } from './options';
import { plan } from './plan';
import type { StabilityResult } from './result';
import { Round } from './round';
import { Samples } from './samples';
import { type ServerUnderTest, startServer } from './server-process';
import { judgeSoak, type SoakRound } from './soak';
import { Tally } from './tally';
import { Timeline } from './timeline';
import { Waits } from './waits';

/**
 * Opens many connections, ends most of them abruptly, and checks how each one ended. Resolves when all of them, and all
 * processes that were started, are gone.
 *
 * While it runs, what nobody catches in this process is counted as `uncaught` and ends nothing.
 *
 * Rejects with `WSL_ERR_*` for wrong options before anything is started, and with `WSL_ERR_SERVER_DIED` when the server
 * that it started died.
 */
export async function runStability(options: StabilityOptions = {}): Promise<StabilityResult> {
  const settings = parseStabilityOptions(options);
  const tally = new Tally();
  const waits = new Waits();
  const onUncaught = (error: unknown) => tally.uncaughtError(String(error));
  const onAbort = () => waits.stop();
  process.on('uncaughtException', onUncaught);
  settings.signal?.addEventListener('abort', onAbort);
  if (settings.signal?.aborted) waits.stop();
  try {
    const server = await serverFor(settings, tally, waits);
    let death: Error | undefined;
    server.own?.died.catch((error: Error) => {
      death = error;
      waits.stop();
    });
    const result = await runRounds(settings, server, tally, waits).finally(() => server.own?.stop());
    if (death) throw death;
    return result;
  } finally {
    process.off('uncaughtException', onUncaught);
    settings.signal?.removeEventListener('abort', onAbort);
  }
}

async function serverFor({ url, plain }: StabilitySettings, tally: Tally, waits: Waits): Promise<ServerUnderTest> {
  if (url) return { url, control: 'foreign', own: null };
  return startServer(plain, {
    onEnd: (end) => waits.stopped || tally.serverEnded(end),
    onUncaught: (message) => tally.uncaughtError(`in the server: ${message.split('\n')[0]}`),
  });
}

async function runRounds(
  settings: StabilitySettings,
  server: ServerUnderTest,
  tally: Tally,
  waits: Waits,
): Promise<StabilityResult> {
  const { connections, mix, seed, duration, reconnect, echo } = settings;
  const { headers, protocols, insecure } = settings;
  const { own, url, control } = server;
  const target = { url, own: own !== null, echo, headers, protocols, insecure };
  const startedAt = new Date().toISOString();
  const soak = new Samples<SoakRound>();
  let rounds = 0;
  let round: Round;
  const progress = () => ({
    open: tally.open,
    opened: tally.opened,
    messages: tally.echoed,
    ended: tally.ended,
    phase: round?.phase ?? 'open',
    round: Math.max(1, rounds),
    done: round?.done ?? 0,
    total: connections,
    kinds: tally.kinds,
  });
  const timeline = new Timeline(progress, settings.onProgress);
  let left: SoakRound;
  try {
    do {
      const firstId = rounds * connections * (1 + reconnect);
      rounds++;
      const planned = plan(connections, mix, seed + rounds - 1).map((one) => ({ ...one, id: firstId + one.id }));
      round = new Round({ settings, target, own, tally, waits }, planned);
      left = { ...(await round.run()), atMs: timeline.elapsedMs };
      if (waits.stopped) break;
      soak.add(left);
    } while (duration !== undefined && timeline.elapsedMs < duration);
  } finally {
    timeline.stop();
  }
  const judged = duration === undefined ? null : judgeSoak(soak.kept);
  if (judged?.verdict === 'growing' && judged.bytesPerConnection !== null) {
    tally.problem(`the server's heap grows by ${judged.bytesPerConnection} bytes with each connection`);
  }
  return tally.result({
    interrupted: waits.stopped,
    platform: process.platform,
    node: process.version,
    control,
    url: own ? null : withoutSecrets(url),
    leaked: waits.stopped ? { clients: null, handles: null } : { clients: left.clients, handles: left.handles },
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

/** A password or a token must not come into a report. */
function withoutSecrets(address: string): string {
  const { origin, protocol, host, pathname } = new URL(address);
  return `${origin === 'null' ? `${protocol}//${host}` : origin}${pathname}`;
}
