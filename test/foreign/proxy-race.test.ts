// Two limits that pass at the same moment, of the proxy and of the heartbeat: each end happens once, has a true cause, and loses no
// message that is not lost with plain ws.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { HeartbeatOptions } from 'ws-linger';
import { Backend, MAKES, type Make, openClient, type Side } from './proxied.js';
import { PROXY_NAMES, type ProxyName, startProxy } from './proxy.js';

const LIMIT_MS = 2_000;
const SETTINGS: Record<ProxyName, Record<string, string>> = {
  nginx: { proxy_read_timeout: `${LIMIT_MS}ms`, proxy_send_timeout: '1h', send_timeout: '1h' },
  HAProxy: { 'timeout client': '1h', 'timeout server': '1h', 'timeout tunnel': `${LIMIT_MS}ms` },
};
const EARLY = ['one', 'two', 'three'];
const RACING = 'sent as the limit passes';
/** Of each race. */
const CONNECTIONS = 40;
/** Pings of the clock, which last for three limits. */
const PINGS = 12;

interface Race {
  name: string;
  heartbeat: HeartbeatOptions;
  /** Whether the clients answer pings. */
  answers: boolean;
  /** Who may be the first to end a connection. */
  first: readonly ('proxy' | 'heartbeat' | 'nobody')[];
}

/** The interval races with the limit; messages of both sides do, too. */
const alive = (interval: number): Race => ({
  name: `an interval of ${interval} ms, answered`,
  heartbeat: { interval, timeout: LIMIT_MS },
  answers: true,
  first: ['proxy', 'nobody'],
});

/** A ping is the last byte, so the timeout races with the limit. */
const silent = (timeout: number, first: Race['first']): Race => ({
  name: `a timeout of ${timeout} ms, unanswered`,
  heartbeat: { interval: LIMIT_MS / 2, timeout },
  answers: false,
  first,
});

const RACES: readonly Race[] = [
  ...[-100, -20, -5, 0, 5, 20].map((offset) => alive(LIMIT_MS + offset)),
  silent(LIMIT_MS / 2, ['heartbeat']),
  ...[-20, -5, 0, 5].map((offset) => silent(LIMIT_MS + offset, ['heartbeat', 'proxy'])),
  silent(2 * LIMIT_MS, ['proxy']),
];

interface Runner {
  race: Race;
  make: Make;
  client: Side;
  server: Side;
  /** It was closed by its client, since nothing else had ended it. */
  lived: boolean;
  /** The sides that have sent a message as the limit passed. */
  sentLate: Side[];
}

/** Plain ws has no heartbeat of its own that gives peers up. */
const fields = RACES.flatMap((race) =>
  MAKES.filter((make) => race.answers || make === 'ours').map((make) => ({ race, make })),
);

/** Each side sends once more, some of them before the limit passes and some after it. */
async function sendAsLimitPasses({ client, server, sentLate }: Runner, index: number): Promise<void> {
  await delay(LIMIT_MS + ((index * 7) % 100) - 50);
  for (const side of [client, server]) {
    if (side.ws.readyState !== side.ws.OPEN) continue;
    side.ws.send(RACING);
    sentLate.push(side);
  }
}

async function run(name: ProxyName): Promise<Runner[]> {
  const backends = await Promise.all(
    fields.map(({ race, make }) => Backend.start(make, { heartbeat: race.heartbeat })),
  );
  const clockBackend = await Backend.start('ours', { heartbeat: { interval: LIMIT_MS / 4, timeout: LIMIT_MS } });
  const routes = [...backends, clockBackend].map(({ port }) => ({ upstream: port, settings: SETTINGS[name] }));
  const proxy = await startProxy(name, routes);
  const runners: Runner[] = [];
  const sending: Promise<void>[] = [];
  // One race after another: nginx refuses a connection that the server has not answered within the limit.
  for (const [field, { race, make }] of fields.entries()) {
    const opened = Array.from({ length: CONNECTIONS }, async (_, index): Promise<Runner> => {
      const client = await openClient(`${proxy.urls[field]}${index}`, { autoPong: race.answers });
      const server = (backends[field] as Backend).side(`/${index}`);
      for (const text of EARLY) client.ws.send(text);
      const runner: Runner = { race, make, client, server, lived: false, sentLate: [] };
      if (race.answers && index % 2) sending.push(sendAsLimitPasses(runner, index));
      return runner;
    });
    runners.push(...(await Promise.all(opened)));
  }
  const clock = await openClient(`${proxy.urls.at(-1)}clock`);
  await clock.pinged(PINGS);
  await Promise.all(sending);
  for (const runner of runners) {
    runner.lived = runner.client.ws.readyState === runner.client.ws.OPEN;
    runner.client.ws.close(1000);
  }
  clock.ws.close(1000);
  await Promise.all(
    [...runners, { client: clock, server: clockBackend.side('/clock') }].flatMap(({ client, server }) => [
      client.ended,
      server.ended,
    ]),
  );
  await Promise.all([...backends, clockBackend].map((backend) => backend.stop()));
  await proxy.stop();
  return runners;
}

/** Who ended a connection, by what the server of ws-linger says. */
function endedBy({ server }: Runner): 'proxy' | 'heartbeat' | 'nobody' {
  const { info } = server;
  const said = JSON.stringify(info);
  assert.ok(info);
  if (info.kind === 'clean') {
    assert.deepEqual([info.origin, info.by, info.code], ['peer', null, 1000], said);
    return 'nobody';
  }
  if (info.kind === 'timed-out') {
    assert.deepEqual([info.origin, info.by, info.code], ['network', 'heartbeat', 1006], said);
    return 'heartbeat';
  }
  // Where this side was sending at that moment, it may learn of it by RST.
  assert.ok(['closed-without-handshake', 'reset'].includes(info.kind), said);
  assert.deepEqual([info.origin, info.by, info.code], ['peer', null, 1006], said);
  return 'proxy';
}

/** Plain ws says only the code. */
function endedPlainly({ server, lived }: Runner): 'proxy' | 'nobody' {
  assert.ok(server.code === 1006 || (lived && server.code === 1000), `${server.code}`);
  return server.code === 1000 ? 'nobody' : 'proxy';
}

/** What was sent in time has come, and of a connection that lived what was sent as the limit passed. The server sends back what it gets. */
function assertNothingLost({ client, server, lived, sentLate }: Runner): void {
  for (const { received } of [client, server]) assert.deepEqual(received.slice(0, EARLY.length), EARLY);
  if (!lived || server.code !== 1000) return;
  const late = [client, server].map((side) => sentLate.includes(side));
  assert.equal(count(client.received, isLate), count(late, Boolean));
  assert.equal(count(server.received, isLate), late[0] ? 1 : 0);
}

const count = <T>(items: readonly T[], is: (item: T) => boolean) => items.filter(is).length;
const isLate = (text: string) => text === RACING;

describe('the race of the heartbeat and an idle limit', { concurrency: true }, () => {
  const rows: string[] = [];
  after(() => {
    console.log('| proxy | race | make | the proxy | the heartbeat | nobody |\n| --- | --- | --- | --- | --- | --- |');
    console.log(rows.join('\n'));
  });

  for (const name of PROXY_NAMES) {
    describe(`of ${name}`, () => {
      let runners: Runner[] = [];
      before(async () => {
        runners = await run(name);
      });

      for (const { race, make } of fields) {
        it(`${race.name}, ${make}: each ends once, with a true cause, and loses no message that had the time to arrive`, () => {
          const own = runners.filter((runner) => runner.race === race && runner.make === make);
          assert.equal(own.length, CONNECTIONS);
          for (const runner of own) {
            for (const side of [runner.client, runner.server]) side.assertEndedOnce();
            assertNothingLost(runner);
          }
          const ends = own.map((runner) => (make === 'ours' ? endedBy(runner) : endedPlainly(runner)));
          const counts = (['proxy', 'heartbeat', 'nobody'] as const).map((who) => count(ends, (end) => end === who));
          rows.push(`| ${[name, race.name, make, ...counts].join(' | ')} |`);
          for (const who of ends) assert.ok(race.first.includes(who), who);
        });
      }
    });
  }
});
