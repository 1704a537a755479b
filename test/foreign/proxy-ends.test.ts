// How connections end behind nginx and HAProxy: the clients vanish, stop reading, reset or close, or the proxy itself ends.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { after, describe, it } from 'node:test';
import type { LingerOptions } from 'ws-linger';
import { forkScript } from '../support/child.js';
import { UPGRADE_REQUEST } from '../support/peer.js';
import { Backend, MAKES, type Make, openClient, type Side } from './proxied.js';
import { PROXY_NAMES, type ProxyName, type RunningProxy, SHUTDOWN_MS, startProxy } from './proxy.js';
import { assertClientEnd, assertServerEnd, type Circumstances, PROXY_ENDS, type ProxyEnd } from './proxy-ends.js';
import type { ClientNews } from './stopped-clients.js';

const LIMIT_MS = 2_000;
/** Of each kind. */
const CONNECTIONS = 5;
/** More than both kernels hold for both connections. */
const BACKLOG = Buffer.alloc(32 * 1024 * 1024);

/** Less than `closeTimeout`, after which the server is told and its socket lingers. */
const FIN_MS = 1_000;
const MESSAGES = Array.from({ length: 100 }, (_, index) => `${index} `.padEnd(4_096, '.'));

const LIMITED: Record<ProxyName, Record<string, string>> = {
  nginx: { proxy_read_timeout: '1h', proxy_send_timeout: '1h', send_timeout: '1h' },
  HAProxy: {
    'timeout client': '1h',
    'timeout server': '1h',
    'timeout tunnel': '1h',
    'timeout client-fin': `${FIN_MS}ms`,
  },
};

type End = keyof typeof PROXY_ENDS;

/** What is set up: servers of both makes behind one proxy, which has the same settings for both. */
interface Setup {
  name: ProxyName;
  proxy: RunningProxy;
  backends: Record<Make, Backend>;
  urls: Record<Make, string>;
}

/** The limit that is set is named; the others are an hour. */
async function setUp(
  name: ProxyName,
  limits: readonly string[],
  linger: LingerOptions = {},
  onConnection = noop,
): Promise<Setup> {
  const ours = await Backend.start('ours', linger, onConnection);
  const plain = await Backend.start('plain', {}, onConnection);
  const own = limits.filter((limit) => limit in LIMITED[name]).map((limit) => [limit, `${LIMIT_MS}ms`]);
  const settings = { ...LIMITED[name], ...Object.fromEntries(own) };
  const proxy = await startProxy(
    name,
    [ours, plain].map(({ port }) => ({ upstream: port, settings })),
  );
  const [oursUrl = '', plainUrl = ''] = proxy.urls;
  return { name, proxy, backends: { ours, plain }, urls: { ours: oursUrl, plain: plainUrl } };
}

async function tearDown({ proxy, backends }: Setup): Promise<void> {
  await Promise.all([backends.ours.stop(), backends.plain.stop()]);
  await proxy.stop();
}

const noop = (_ws: Side['ws']) => {};
const paths = (kind: string) => Array.from({ length: CONNECTIONS }, (_, index) => `${kind}-${index}`);

/** Opens clients of ws-linger to both servers. */
async function openAll({ urls, backends }: Setup, kind = 'idle') {
  const opened = MAKES.flatMap((make) =>
    paths(kind).map(async (path) => {
      const client = await openClient(urls[make] + path);
      return { make, client, server: backends[make].side(`/${path}`) };
    }),
  );
  return Promise.all(opened);
}

/** Sends messages in both directions without a pause. */
function keepBusy({ client }: { client: Side }): void {
  client.ws.on('message', () => client.ws.readyState === client.ws.OPEN && client.ws.send('and again'));
  client.ws.send('again');
}

const rows = new Set<string>();

async function assertEnds(
  end: End,
  { name }: Setup,
  sides: readonly { client?: Side; server: Side }[],
  circumstances: Circumstances = {},
) {
  const wanted: ProxyEnd = PROXY_ENDS[end];
  for (const { client, server } of sides) {
    await Promise.all([server.ended, client?.ended]);
    const { info } = server;
    const error = info?.error ? ` (${info.error.syscall} ${info.error.code})` : '';
    if (info)
      rows.add(
        `| ${[name, wanted.cause, info.kind + error, info.code, info.by ?? '–', client?.info?.kind ?? '–'].join(' | ')} |`,
      );
    assertServerEnd(wanted, name, server, circumstances);
    if (client) assertClientEnd(wanted, client, circumstances);
  }
}

/** Stops the process of some clients of both servers. */
async function stopClients({ urls, backends }: Setup, makes: readonly Make[]) {
  const addresses = makes.flatMap((make) => paths('stopped').map((path) => ({ make, path })));
  const child = forkScript(
    'foreign/stopped-clients',
    addresses.map(({ make, path }) => urls[make] + path),
  );
  process.once('exit', () => child.kill('SIGKILL'));
  const ends = new Map<string, ClientNews>();
  child.on('message', (news: ClientNews) => news !== 'open' && ends.set(news.url, news));
  const exited = once(child, 'exit').then(() => Promise.reject(new Error('its clients could not connect')));
  await Promise.race([once(child, 'message'), exited]);
  exited.catch(() => {});
  child.kill('SIGSTOP');
  const servers = addresses.map(({ make, path }) => ({ server: backends[make].side(`/${path}`) }));
  return { child, ends, servers };
}

/** A client that wakes may answer a ping first. */
function assertTold(wanted: ProxyEnd, news: ClientNews): void {
  assert.ok(news !== 'open');
  assertClientEnd(wanted, news, { isBusy: true });
}

/** What they say when they run again. */
async function wake(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGCONT');
  await exited;
}

async function openRaw(url: string): Promise<net.Socket> {
  const { hostname, port, pathname } = new URL(url);
  const socket = net.connect({ host: hostname, port: Number(port), allowHalfOpen: true }).on('error', () => {});
  socket.write(UPGRADE_REQUEST.replace('GET / ', `GET ${pathname} `));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 101 /);
  return socket.resume();
}

async function openRawAll({ urls, backends }: Setup, kind: string) {
  const opened = MAKES.flatMap((make) =>
    paths(kind).map(async (path) => {
      const socket = await openRaw(urls[make] + path);
      return { socket, server: backends[make].side(`/${path}`) };
    }),
  );
  return Promise.all(opened);
}

type Shutdown = (name: ProxyName, proxy: RunningProxy) => void;

const SHUTDOWNS: readonly [end: End, what: string, shutdown: Shutdown][] = [
  ['reloaded', 'is reloaded', (name, proxy) => proxy.process.kill(name === 'nginx' ? 'SIGHUP' : 'SIGUSR2')],
  ['reloaded', 'is stopped softly', (name, proxy) => proxy.process.kill(name === 'nginx' ? 'SIGQUIT' : 'SIGUSR1')],
  ['stopped', 'is stopped', (_name, proxy) => proxy.process.kill('SIGTERM')],
  ['killed', 'is killed', (_name, proxy) => process.kill(proxy.worker(), 'SIGKILL')],
];

describe('an end behind a proxy', { concurrency: true }, () => {
  after(() => {
    console.log(
      '| proxy | cause | the server says | code | by | the client says |\n| --- | --- | --- | --- | --- | --- |',
    );
    console.log([...rows].sort().join('\n'));
  });

  for (const name of PROXY_NAMES) {
    describe(name, { concurrency: 1 }, () => {
      for (const [end, what, shutdown] of SHUTDOWNS) {
        it(`that ${what}`, async () => {
          const setup = await setUp(name, []);
          const idle = await openAll(setup, 'idle');
          const busy = await openAll(setup, 'busy');
          for (const connection of busy) keepBusy(connection);
          await Promise.all(busy.map(({ client }) => once(client.ws, 'message')));
          const begunAt = performance.now();
          shutdown(name, setup.proxy);
          await Promise.all([assertEnds(end, setup, idle), assertEnds(end, setup, busy, { isBusy: true })]);
          const tookMs = performance.now() - begunAt;
          if (end === 'reloaded')
            assert.ok(tookMs > SHUTDOWN_MS / 2, `it keeps its connections for a while: ${tookMs} ms`);
          await tearDown(setup);
        });
      }

      it('whose client vanishes, found by the heartbeat', async () => {
        const heartbeat = { interval: LIMIT_MS / 4, timeout: LIMIT_MS / 2 };
        const setup = await setUp(name, ['proxy_read_timeout', 'timeout tunnel'], { heartbeat });
        const { child, ends, servers } = await stopClients(setup, ['ours']);
        await assertEnds('vanished', setup, servers, { idleMs: heartbeat.timeout });
        await wake(child);
        assert.equal(ends.size, CONNECTIONS);
        for (const news of ends.values()) assertTold(PROXY_ENDS.vanished, news);
        await tearDown(setup);
      });

      it('whose client vanishes, found by the heartbeat, though interval and timeout together are above the limit', async () => {
        const heartbeat = { interval: LIMIT_MS / 2, timeout: (LIMIT_MS * 3) / 4 };
        const setup = await setUp(name, ['proxy_read_timeout', 'timeout tunnel'], { heartbeat });
        const { child, servers } = await stopClients(setup, ['ours']);
        await assertEnds('vanished', setup, servers, { idleMs: heartbeat.timeout });
        await wake(child);
        await tearDown(setup);
      });

      it('whose client vanishes, found by its idle limit', async () => {
        const heartbeat = { interval: LIMIT_MS / 4, timeout: 2 * LIMIT_MS };
        const setup = await setUp(name, ['proxy_read_timeout', 'timeout tunnel'], { heartbeat });
        const { child, ends, servers } = await stopClients(setup, MAKES);
        await assertEnds('vanishedLate', setup, servers, { idleMs: LIMIT_MS });
        await wake(child);
        assert.equal(ends.size, 2 * CONNECTIONS);
        for (const news of ends.values()) assertTold(PROXY_ENDS.vanishedLate, news);
        await tearDown(setup);
      });

      it('whose client reads nothing', async () => {
        const setup = await setUp(name, ['send_timeout', 'timeout tunnel'], {}, (ws) => ws.send(BACKLOG));
        const connections = await Promise.all(
          MAKES.map(async (make) => {
            const client = await openClient(setup.urls[make]);
            client.ws.pause();
            return { client, server: setup.backends[make].side('/') };
          }),
        );
        await Promise.all(connections.map(({ server }) => server.ended));
        for (const { client } of connections) client.ws.resume();
        await assertEnds('unread', setup, connections, { idleMs: LIMIT_MS });
        const { info } = setup.backends.ours.side('/');
        assert.ok(info && info.delivered === false, JSON.stringify(info));
        await tearDown(setup);
      });

      it('whose client pauses for longer than client-fin loses nothing that was sent before the close', async () => {
        const setup = await setUp(name, [], {}, (ws) => {
          for (const text of MESSAGES) ws.send(text);
          ws.close(4001);
        });
        const connections = await Promise.all(
          MAKES.map(async (make) => {
            const client = await openClient(setup.urls[make]);
            client.ws.pause();
            return { make, client, server: setup.backends[make].side('/') };
          }),
        );
        // As long as plain ws would wait for 30 s.
        const { openMs } = await setup.backends.ours.side('/').ended;
        assert.ok(openMs > FIN_MS);
        for (const { client } of connections) client.ws.resume();
        for (const { client, server } of connections) {
          await Promise.all([client.ended, server.ended]);
          assert.deepEqual([client.code, client.received.length], [4001, MESSAGES.length]);
        }
        assert.equal(setup.backends.ours.side('/').info?.kind, 'close-timeout');
        await tearDown(setup);
      });

      it('whose server reads nothing', async () => {
        const setup = await setUp(name, ['proxy_send_timeout', 'timeout tunnel'], {}, (ws) => ws.pause());
        const connections = await Promise.all(
          MAKES.map(async (make) => ({
            client: await openClient(setup.urls[make]),
            server: setup.backends[make].side('/'),
          })),
        );
        for (const { client } of connections) client.ws.send(BACKLOG);
        await Promise.all(connections.map(({ client }) => client.ended));
        for (const { server } of connections) server.ws.resume();
        await assertEnds('unreadByServer', setup, connections);
        await tearDown(setup);
      });

      it('whose client sends FIN, or RST, or closes', async () => {
        const setup = await setUp(name, []);
        const fin = await openRawAll(setup, 'fin');
        for (const { socket } of fin) socket.end();
        await assertEnds('fin', setup, fin);
        const rst = await openRawAll(setup, 'rst');
        for (const { socket } of rst) socket.resetAndDestroy();
        await assertEnds('rst', setup, rst);
        const closed = await openAll(setup, 'closed');
        for (const { client } of closed) client.ws.close(4000, 'done');
        await assertEnds('closed', setup, closed);
        for (const { server } of closed) if (server.info) assert.equal(server.info.reason, 'done');
        await tearDown(setup);
      });
    });
  }
});
