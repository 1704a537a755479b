// The idle limits of nginx and HAProxy: what counts as traffic, and what each side is told when a limit has passed.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { LingerOptions } from 'ws-linger';
import { Backend, MAKES, type Make, openClient, type Side } from './proxied.js';
import { PROXY_NAMES, type ProxyName, startProxy } from './proxy.js';
import { assertClientEnd, assertServerEnd, PROXY_ENDS } from './proxy-ends.js';

const LIMIT_MS = 2_000;
/** Pings and messages come so often where they come. */
const OFTEN_MS = LIMIT_MS / 4;
/** So many pings last for four limits. */
const PINGS = 16;

interface Limit {
  name: string;
  settings: Record<string, string>;
  /** How an idle connection ends; null where it does not. */
  ends: keyof typeof PROXY_ENDS | null;
}

const nginx = (name: string, ends: Limit['ends']): Limit => ({
  name,
  settings: { proxy_read_timeout: '1h', proxy_send_timeout: '1h', send_timeout: '1h', [name]: `${LIMIT_MS}ms` },
  ends,
});

function haproxy(name: string, seconds: Record<string, number>, ends: Limit['ends']): Limit {
  const settings = Object.entries(seconds).map(([side, s]) => [`timeout ${side}`, `${s}s`]);
  return { name, settings: Object.fromEntries(settings), ends };
}

const HOUR = 3_600;
const LIMITS: Record<ProxyName, readonly Limit[]> = {
  nginx: [nginx('proxy_read_timeout', 'idle'), nginx('proxy_send_timeout', null), nginx('send_timeout', null)],
  HAProxy: [
    haproxy('timeout tunnel', { tunnel: 2, client: HOUR, server: HOUR }, 'idle'),
    haproxy('timeout client, timeout server and a longer timeout tunnel', { client: 2, server: 2, tunnel: HOUR }, null),
    haproxy('timeout client without timeout tunnel', { client: 2, server: HOUR }, 'idleClient'),
    haproxy('timeout server without timeout tunnel', { server: 2, client: HOUR }, 'idleServer'),
    haproxy('timeout client-fin', { 'client-fin': 2, client: HOUR, server: HOUR, tunnel: HOUR }, null),
  ],
};

/** More than the pause between two visits of src/liveness/idle.ts. */
const LONGER_MS = 7_000;
const LONGER: Record<ProxyName, Record<string, string>> = {
  nginx: { proxy_read_timeout: `${LONGER_MS}ms` },
  HAProxy: { 'timeout client': '1h', 'timeout server': '1h', 'timeout tunnel': `${LONGER_MS}ms` },
};

interface Traffic {
  name: string;
  /** Whether it keeps a connection that would else be idle. */
  keeps: boolean;
  linger?: LingerOptions;
  /** The side that sends a message often, which the other side does not answer. */
  sends?: 'server' | 'client';
}

const TRAFFIC: readonly Traffic[] = [
  { name: 'neither side sends', keeps: false },
  { name: 'the server pings in time', keeps: true, linger: { heartbeat: { interval: OFTEN_MS, timeout: LIMIT_MS } } },
  // The first ping comes after half an interval, or later.
  {
    name: 'the server pings too late',
    keeps: false,
    linger: { heartbeat: { interval: 3 * LIMIT_MS, timeout: LIMIT_MS } },
  },
  { name: 'TCP keep-alive of both sides', keeps: false, linger: { keepAlive: 1_000 } },
  { name: 'only the server sends', keeps: true, sends: 'server' },
  { name: 'only the client sends', keeps: true, sends: 'client' },
];

interface Trial {
  limit: Limit;
  traffic: Traffic;
  make: Make;
}

interface Outcome {
  client: Side;
  server: Side;
  /** Whether it was there after some limits. */
  lived: boolean;
}

const trialsOf = (proxy: ProxyName): Trial[] =>
  LIMITS[proxy].flatMap((limit) => TRAFFIC.flatMap((traffic) => MAKES.map((make) => ({ limit, traffic, make }))));

/** Messages that are not sent back. */
function sendOften({ ws, ended }: Side): void {
  const timer = setInterval(() => ws.send(Buffer.of(1)), OFTEN_MS);
  ended.then(() => clearInterval(timer));
}

/** Runs all trials at once, and closes the connections that lived. */
async function run(name: ProxyName, trials: readonly Trial[]): Promise<Outcome[]> {
  const backends = new Map<string, Backend>();
  for (const { traffic, make } of trials) {
    const key = `${traffic.name} ${make}`;
    if (!backends.has(key)) backends.set(key, await Backend.start(make, traffic.linger));
  }
  const backendOf = ({ traffic, make }: Trial) => backends.get(`${traffic.name} ${make}`) as Backend;
  const proxy = await startProxy(
    name,
    trials.map((trial) => ({ upstream: backendOf(trial).port, settings: trial.limit.settings })),
  );
  const running = await Promise.all(
    trials.map(async (trial, index) => {
      const keepAlive = trial.traffic.linger?.keepAlive;
      const client = await openClient(`${proxy.urls[index]}${index}`, keepAlive ? { keepAlive } : {});
      const server = backendOf(trial).side(`/${index}`);
      if (trial.traffic.sends) sendOften(trial.traffic.sends === 'server' ? server : client);
      return { client, server };
    }),
  );
  // The clock: a connection that is pinged lives through some limits.
  const pinged = trials.findIndex(({ limit, traffic }) => limit.ends && traffic.linger?.heartbeat && traffic.keeps);
  const clock = (running[pinged] as Outcome).client.pinged(PINGS);
  const outcomes = await Promise.all(
    running.map(async ({ client, server }) => {
      const lived = await Promise.race([
        client.ended.then(() => false),
        clock.then(() => client.echoes('still there')),
      ]);
      return { client, server, lived };
    }),
  );
  for (const { client } of outcomes) client.ws.close(1000);
  await Promise.all(outcomes.flatMap(({ client, server }) => [client.ended, server.ended]));
  await Promise.all([...backends.values()].map((backend) => backend.stop()));
  await proxy.stop();
  return outcomes;
}

describe('an idle limit', { concurrency: true }, () => {
  for (const name of PROXY_NAMES) {
    describe(`of ${name}`, () => {
      const trials = trialsOf(name);
      let outcomes: Outcome[] = [];
      before(async () => {
        outcomes = await run(name, trials);
      });

      it('is idleMs to within 3 s where there was traffic before', async () => {
        const backend = await Backend.start('ours');
        const proxy = await startProxy(name, [{ upstream: backend.port, settings: LONGER[name] }]);
        const client = await openClient(`${proxy.urls[0]}`);
        const server = backend.side('/');
        const timer = setInterval(() => server.ws.ping(), OFTEN_MS);
        await client.pinged(4);
        clearInterval(timer);
        await server.ended;
        assertServerEnd(PROXY_ENDS.idle, name, server, { idleMs: LONGER_MS });
        assert.ok(server.openMs > LONGER_MS + 3 * OFTEN_MS, `${server.openMs} ms`);
        await client.ended;
        await backend.stop();
        await proxy.stop();
      });

      for (const [index, { limit, traffic, make }] of trials.entries()) {
        const ends = traffic.keeps ? null : limit.ends;
        it(`${limit.name}: ${ends ? 'ends' : 'keeps'} a connection (${traffic.name}), ${make}`, () => {
          const { client, server, lived } = outcomes[index] as Outcome;
          assert.equal(lived, !ends, JSON.stringify([server.info, client.info]));
          for (const side of [client, server]) side.assertEndedOnce();
          if (ends) {
            assertServerEnd(PROXY_ENDS[ends], name, server, { idleMs: LIMIT_MS, wasSilent: true });
            assertClientEnd(PROXY_ENDS[ends], client);
          } else assert.deepEqual([client.info?.kind, server.code], ['clean', 1000]);
        });
      }
    });
  }
});
