/** A stability run from beginning to end: open, exchange, end, look at what is left. */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from './client';
import { type Mix, type Planned, plan } from './plan';
import { type StabilityResult, Tally } from './result';
import { type OwnServer, type ServerUnderTest, startServer } from './server-process';
import { VictimProcess } from './victim-process';

export interface StabilityOptions {
  /** An echo server to test; without it one is started in a process of its own. */
  url?: string | undefined;
  /** Start plain ws in place of ws-linger as that server. */
  plain: boolean;
  connections: number;
  /** Numbered messages per connection; those that end cleanly exchange as many again while the others are broken. */
  messages: number;
  mix: Mix;
  seed: number;
  /** How long a connection may take to open, to exchange its messages, and to end. In ms. */
  timeout: number;
  /** Told of each connection that has passed a phase. */
  onProgress?: (phase: 'open' | 'exchange' | 'end', done: number, total: number) => void;
}

/** Connections opened at the same time, below every system's default backlog. */
const OPENING_AT_ONCE = 100;
const VICTIMS_PER_PROCESS = 25;

export async function runStability(options: StabilityOptions): Promise<StabilityResult> {
  const tally = new Tally();
  const onUncaught = (error: unknown) => tally.uncaughtError(String(error));
  process.on('uncaughtException', onUncaught);
  const { url, plain } = options;
  const server: ServerUnderTest = url
    ? { url, control: 'foreign', own: null }
    : await startServer(plain, (message) => tally.uncaughtError(`in the server: ${message.split('\n')[0]}`));
  try {
    const running = run(options, server, tally);
    return await (server.own ? Promise.race([running, server.own.died]) : running);
  } finally {
    process.off('uncaughtException', onUncaught);
    server.own?.stop();
  }
}

async function run(options: StabilityOptions, server: ServerUnderTest, tally: Tally): Promise<StabilityResult> {
  const { connections, messages, mix, seed, timeout } = options;
  const planned = plan(connections, mix, seed);
  const handlesBefore = openHandles();
  const progress = (phase: 'open' | 'exchange' | 'end') => {
    let done = 0;
    return (count = 1) => {
      done += count;
      options.onProgress?.(phase, done, connections);
    };
  };

  const opened = progress('open');
  const victims = chunks(byScenario(planned, true), VICTIMS_PER_PROCESS).map(
    (group) => new VictimProcess(server.url, messages, group),
  );
  const clients: Client[] = [];
  for (const group of chunks(byScenario(planned, false), OPENING_AT_ONCE)) {
    await Promise.all(
      group.map(async (one) => {
        const client = new Client(server.url, one);
        try {
          tally.connectMs.push(await inTime(client.connectMs, timeout));
          clients.push(client);
        } catch (error) {
          tally.failed++;
          tally.problem(`did not open: ${(error as Error).message}`, one.id);
          client.giveUp();
        }
        opened();
      }),
    );
  }

  const exchanged = progress('exchange');
  await Promise.all([
    ...clients.map(async (client) => {
      await inTime(client.exchange(messages), timeout).catch(() =>
        tally.problem('got no echo in time', client.planned.id),
      );
      exchanged();
    }),
    ...victims.map(async (victim) => {
      try {
        const { connectMs, failed, sent, received } = await inTime(victim.ready, timeout);
        tally.connectMs.push(...connectMs);
        tally.exchanged(sent, received);
        tally.failed += failed.length;
        for (const id of failed) tally.problem('did not open', id);
      } catch (error) {
        for (const { id } of victim.planned) tally.problem((error as Error).message, id);
      }
      opened(victim.planned.length);
      exchanged(victim.planned.length);
    }),
  ]);

  const ended = progress('end');
  await Promise.all([
    ...clients.map(async (client) => {
      await endClient(client, messages, server.own, tally, timeout);
      ended();
    }),
    ...victims.map(async (victim) => {
      const began = performance.now();
      victim.kill();
      await Promise.all(
        victim.planned.map(async (one) => {
          await expectServerEnd(one, server.own, tally, timeout);
          tally.closeMs.push(performance.now() - began);
        }),
      );
      ended(victim.planned.length);
    }),
  ]);

  // Ends are judged when all is over, so that a second 'close' of any of them has been counted.
  const leaked = await settle(server.own, handlesBefore);
  const received = new Map<number, number>();
  for (const one of planned) {
    const end = server.own?.lastEnd(one.id);
    if (end) tally.end(one, 'server', end, false);
    if (end && one.scenario === 'clean') received.set(one.id, end.received);
  }
  for (const client of clients) {
    const end = client.end;
    if (end.closes > 0) tally.end(client.planned, 'client', end, server.own === null);
    tally.exchanged(client.sent, client.received);
    const atServer = received.get(client.planned.id) ?? client.sent;
    if (atServer !== client.sent) tally.problem(`sent ${client.sent}, the server got ${atServer}`, client.planned.id);
  }
  const { platform, version } = process;
  return tally.result(connections, { platform, node: version, control: server.control, leaked, seed });
}

/** Ends one connection in its way and waits until both sides have seen it. */
async function endClient(
  client: Client,
  messages: number,
  own: OwnServer | null,
  tally: Tally,
  timeout: number,
): Promise<void> {
  const { planned } = client;
  if (planned.scenario === 'clean') {
    // A healthy connection goes on working while those around it break.
    await inTime(client.exchange(messages), timeout).catch(() => tally.problem('got no echo in time', planned.id));
  }
  const began = performance.now();
  await inTime(client.finish(own ? () => own.close(planned.id) : null), timeout).catch(() => {});
  const atServer = expectServerEnd(planned, own, tally, timeout);
  if (planned.scenario === 'stall' && own) {
    await atServer;
    client.resume();
  }
  await Promise.all([
    atServer,
    inTime(client.ended, timeout).catch(() =>
      tally.problem(`${planned.scenario}: the client's end did not come in time`, planned.id),
    ),
  ]);
  tally.closeMs.push(performance.now() - began);
  client.giveUp();
}

async function expectServerEnd(
  { id, scenario }: Planned,
  own: OwnServer | null,
  tally: Tally,
  timeout: number,
): Promise<void> {
  if (!own) return;
  await inTime(own.ended(id), timeout).catch(() =>
    tally.problem(`${scenario}: the server's end did not come in time`, id),
  );
}

/** Waits, a bounded time, for the last handles and timers to go, and tells what stays. */
async function settle(own: OwnServer | null, handlesBefore: number): Promise<StabilityResult['leaked']> {
  const deadline = performance.now() + 2_000;
  for (;;) {
    const server = (await own?.status()) ?? { clients: null, handles: 0 };
    const handles = Math.max(0, openHandles() - handlesBefore) + Math.max(0, server.handles);
    if ((!server.clients && handles === 0) || performance.now() > deadline) {
      return { clients: server.clients, handles };
    }
    await delay(20);
  }
}

/** Sockets of this process. (Its timers are this run's own; those of connections are counted in the server.) */
function openHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

function byScenario(planned: Planned[], killed: boolean): Planned[] {
  return planned.filter(({ scenario }) => (scenario === 'kill') === killed);
}

function chunks<T>(items: T[], size: number): T[][] {
  const result: T[][] = [];
  for (let i = 0; i < items.length; i += size) result.push(items.slice(i, i + size));
  return result;
}

async function inTime<T>(promise: Promise<T>, ms: number): Promise<T> {
  const timer = new AbortController();
  try {
    const late = delay(ms, undefined, { signal: timer.signal }).then(() => {
      throw new Error(`nothing within ${ms} ms`);
    });
    late.catch(() => {}); // aborted below
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}
