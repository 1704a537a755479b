// Metrics: the counts of wss.stats(), Prometheus and OpenTelemetry for the same connections.
import assert from 'node:assert/strict';
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http from 'node:http';
import { afterEach, describe, it } from 'node:test';
import { Registry } from 'prom-client';
import type WebSocket from 'ws-linger';
import { attach, WebSocketServer } from 'ws-linger';
import * as opentelemetry from 'ws-linger/opentelemetry';
import * as prometheus from 'ws-linger/prometheus';
import Upstream from 'ws-upstream';
import { CLOSE_KINDS, LINGER_OUTCOMES } from '../../dist/close-info.js';
import { FAILED_OPENINGS } from '../../dist/telemetry/metrics.js';
import { listen, portOf, until } from '../support/end.js';
import { recording } from '../support/opentelemetry.js';
import { CLIENT_FRAMES, connectPeer, connectTcp, UPGRADE_REQUEST } from '../support/peer.js';

const linger = { closeTimeout: 200, logger: false } as const;

type Counted = Upstream.Server & Pick<WebSocketServer, 'stats'>;

const servers: Record<string, () => Counted> = {
  'a WebSocketServer': () => new WebSocketServer({ port: 0, host: '127.0.0.1', linger }) as unknown as Counted,
  'an attached server': () =>
    attach(new Upstream.WebSocketServer({ port: 0, host: '127.0.0.1' }), linger) as unknown as Counted,
};

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

async function listening(make: () => Counted): Promise<{ wss: Counted; port: number }> {
  const wss = make();
  wss.on('connection', (ws) => ws.on('message', () => ws.terminate()));
  await once(wss, 'listening');
  return { wss, port: portOf(wss) };
}

/**
 * Makes seven connections: three resets, two clean ends, one terminate(), and one that ends in the middle of its
 * request.
 */
async function runSevenConnections(wss: Counted, port: number): Promise<void> {
  const peers = await Promise.all(Array.from({ length: 6 }, () => connectPeer(port)));
  assert.equal(wss.stats().connections.open, 6);
  for (const peer of peers.slice(0, 3)) peer.resetAndDestroy();
  for (const peer of peers.slice(3, 5)) peer.resume().end(CLIENT_FRAMES.close);
  peers[5]?.resume().write(CLIENT_FRAMES.hello);
  const lost = connectTcp(wss);
  lost.resume().end(UPGRADE_REQUEST.slice(0, 10));
  const ended = () => Object.values(wss.stats().ended).reduce((sum, count) => sum + count);
  await until('all have ended', () => ended() === 6 && wss.stats().failedOpenings['upgrade-failed'] === 1);
}

for (const [name, make] of Object.entries(servers)) {
  it(`stats() of ${name} counts each connection once, by its kind`, async () => {
    const { wss, port } = await listening(make);
    await runSevenConnections(wss, port);
    const { connections, opened, ended, forced, failedOpenings, reapedUpgrades, closeMs } = wss.stats();
    assert.equal(opened, 6);
    assert.deepEqual(connections, { opening: 0, open: 0, handshake: 0, fin: 0, cut: 0 });
    assert.deepEqual([ended.reset, ended.clean, ended['local-abort']], [3, 2, 1]);
    assert.deepEqual(forced, { reset: 0, destroy: 1 });
    assert.deepEqual(failedOpenings, { 'upgrade-failed': 1, 'tls-failed': 0, 'no-request': 0 });
    assert.deepEqual(reapedUpgrades, { abandoned: 0, refused: 0 });
    assert.equal(closeMs.count, 6);
    assert.deepEqual(closeMs.buckets.at(-1), { upTo: Number.POSITIVE_INFINITY, count: 6 });
    wss.close();
  });
}

it('stats() counts closing connections by phase', async () => {
  const { wss, port } = await listening(servers['a WebSocketServer'] as () => Counted);
  const peer = await connectPeer(port);
  for (const ws of wss.clients) ws.close();
  assert.equal(wss.stats().connections.handshake, 1);
  await until('the connection has ended', () => wss.stats().ended['close-timeout'] === 1);
  assert.deepEqual(wss.stats().forced, { reset: 0, destroy: 0 });
  assert.deepEqual(wss.stats().lingering, { now: 1, delivered: 0, cut: 0, lost: 0 });
  peer.end();
  await until('the socket no longer lingers', () => wss.stats().lingering.now === 0);
  assert.deepEqual(wss.stats().lingering, { now: 0, delivered: 1, cut: 0, lost: 0 });
  wss.close();
});

it('abandoned upgrades are closed after upgradeTimeout, and counted', async () => {
  const server = http.createServer();
  const wss = new WebSocketServer({
    server,
    verifyClient: (_: unknown, _decide: unknown) => {}, // never decides
    linger: { ...linger, upgradeTimeout: 50 },
  });
  await listen(server);
  const peer = connectTcp(server);
  const gone = once(peer.resume(), 'close');
  peer.write(UPGRADE_REQUEST);
  await gone;
  assert.deepEqual(wss.stats().reapedUpgrades, { abandoned: 1, refused: 0 });
  wss.close();
  server.close();
});

it('refused upgrades that neither side closes are closed after upgradeTimeout, and counted', async () => {
  const server = http.createServer();
  const wss = new WebSocketServer({ server, linger: { ...linger, upgradeTimeout: 50 } });
  wss.handleUpgrade = (_, socket) => void socket.write('HTTP/1.1 401 Unauthorized\r\n\r\n');
  await listen(server);
  const peer = connectTcp(server);
  const gone = once(peer.resume(), 'close');
  peer.end(UPGRADE_REQUEST);
  await gone;
  await until('the upgrade is counted', () => wss.stats().reapedUpgrades.refused === 1);
  wss.close();
  server.close();
});

it('an upgrade to a protocol that only ever writes is left alone', async () => {
  const server = http.createServer();
  const wss = new WebSocketServer({ server, linger: { ...linger, upgradeTimeout: 20 } });
  let push: () => void = () => {};
  wss.handleUpgrade = (_, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
    push = () => void socket.write('news');
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const peer = connectTcp(server);
  peer.write(UPGRADE_REQUEST);
  await once(peer, 'data');
  await new Promise((resolve) => setTimeout(resolve, 60)); // three times upgradeTimeout
  push();
  assert.equal(String((await once(peer, 'data'))[0]), 'news');
  assert.deepEqual(wss.stats().reapedUpgrades, { abandoned: 0, refused: 0 });
  peer.destroy();
  wss.close();
  server.close();
});

it('an upgrade that another protocol has accepted is left alone', async () => {
  const server = http.createServer();
  const wss = new WebSocketServer({ server, linger: { ...linger, upgradeTimeout: 20 } });
  wss.handleUpgrade = (_, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
    socket.on('data', (data) => socket.write(data));
  };
  await listen(server);
  const peer = connectTcp(server);
  peer.write(UPGRADE_REQUEST);
  await once(peer, 'data');
  await new Promise((resolve) => setTimeout(resolve, 60)); // three times upgradeTimeout
  peer.write('still there?');
  assert.equal(String((await once(peer, 'data'))[0]), 'still there?');
  peer.destroy();
  wss.close();
  server.close();
});

describe('Prometheus', () => {
  it('exports the counts of all connections of the process', async () => {
    const register = new Registry();
    cleanUps.push(prometheus.collectMetrics({ register }));
    const metrics = http.createServer(async (_, response) => void response.end(await register.metrics()));
    await listen(metrics);
    const { wss, port } = await listening(servers['a WebSocketServer'] as () => Counted);
    await runSevenConnections(wss, port);
    const open = await connectPeer(port);

    const scraped = await scrape(portOf(metrics));
    assert.equal(scraped.get('ws_linger_connections{role="server",phase="open"}'), 1);
    assert.equal(scraped.get('ws_linger_connections_opened_total{role="server"}'), 7);
    assert.equal(scraped.get('ws_linger_disconnects_total{role="server",kind="reset"}'), 3);
    assert.equal(scraped.get('ws_linger_disconnects_total{role="server",kind="clean"}'), 2);
    assert.equal(scraped.get('ws_linger_disconnects_total{role="server",kind="timed-out"}'), 0);
    assert.equal(scraped.get('ws_linger_close_duration_seconds_count{role="server",kind="reset"}'), 3);
    assert.equal(scraped.get('ws_linger_connection_duration_seconds_count{role="server",kind="reset"}'), 3);
    assert.equal(scraped.get('ws_linger_failed_openings_total{kind="upgrade-failed",origin="peer"}'), 1);
    open.destroy();
    await until('the connection has ended', () => wss.clients.size === 0);
    wss.close();
    metrics.close();
  });

  it('can be unregistered and registered again', async () => {
    const register = new Registry();
    prometheus.collectMetrics({ register, prefix: 'again_' })();
    assert.equal(await register.metrics(), '\n');
    cleanUps.push(prometheus.collectMetrics({ register, prefix: 'again_' }));
    assert.match(await register.metrics(), /again_disconnects_total/);
  });
});

it('no peer can make the number of time series grow: there are 802 at most', async () => {
  const register = new Registry();
  cleanUps.push(prometheus.collectMetrics({ register }));
  const publish = (name: string, message: object) => channel(`ws-linger:${name}`).publish(message);
  const everything = async (error: string) => {
    for (const role of ['server', 'client']) {
      publish('open', { role, ws: null });
      publish('rtt', { role, ws: null, rttMs: 1 });
      for (const kind of CLOSE_KINDS) {
        const phase = kind === 'upgrade-failed' ? 'opening' : 'open';
        const info = { kind, phase, openMs: 1, elapsedMs: 1, reason: Buffer.from(error), error };
        publish('disconnect', { role, ws: null, info });
      }
      for (const outcome of LINGER_OUTCOMES) publish('lingered', { role, outcome, error, remoteAddress: error });
    }
    for (const [kind, origin] of FAILED_OPENINGS) publish('opening-failed', { kind, origin, remoteAddress: error });
    const text = await register.metrics();
    return text.split('\n').filter((line) => /^[^#\s]/.test(line)).length;
  };
  const hint = 'a new kind adds series: change this number, and docs/security.md with its test';
  assert.equal(await everything('10.0.0.1'), 802, hint);
  assert.equal(await everything('10.0.0.2'), 802);
});

/** Requests the metrics and parses the samples of the text format: "name{labels} value". */
async function scrape(port: number): Promise<Map<string, number>> {
  const [response] = (await once(http.get({ port, host: '127.0.0.1', agent: false }), 'response')) as [
    http.IncomingMessage,
  ];
  let text = '';
  for await (const chunk of response) text += chunk;
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^([^#\s]\S*) (\S+)$/.exec(line) ?? [];
    if (name) samples.set(name, Number(value));
    else assert.match(line, /^(#|$)/);
  }
  return samples;
}

it('OpenTelemetry records the counts of all connections through its SDK', async () => {
  const { meter, read, shutdown } = recording();
  cleanUps.push(opentelemetry.collectMetrics(meter));
  const { wss, port } = await listening(servers['a WebSocketServer'] as () => Counted);
  await runSevenConnections(wss, port);
  const open = await connectPeer(port);

  const recorded = await read();
  const reset = { 'ws_linger.close.kind': 'reset', 'error.type': 'reset' };
  const clean = { 'ws_linger.close.kind': 'clean' };
  assert.equal(recorded.count('ws_linger.server.connection.count', { 'ws_linger.connection.phase': 'open' }), 1);
  assert.equal(recorded.count('ws_linger.server.opened_connections', {}), 7);
  assert.equal(recorded.count('ws_linger.server.disconnects', reset), 3);
  assert.equal(recorded.count('ws_linger.server.close.duration', clean), 2);
  assert.equal(recorded.count('ws_linger.server.connection.duration', clean), 2);
  assert.equal(recorded.count('ws_linger.server.connection.duration', reset), 3);
  const failure = { 'error.type': 'upgrade-failed', 'ws_linger.opening.origin': 'peer' };
  assert.equal(recorded.count('ws_linger.server.failed_openings', failure), 1);
  assert.equal(recorded.count('ws_linger.client.opened_connections', {}), 0);
  await shutdown();
  open.destroy();
  await until('the connection has ended', () => wss.clients.size === 0);
  wss.close();
});

it('round trips are told on a channel, and are a histogram of Prometheus and OpenTelemetry, by role', async () => {
  const register = new Registry();
  cleanUps.push(prometheus.collectMetrics({ register }));
  const { meter, read, shutdown } = recording();
  cleanUps.push(opentelemetry.collectMetrics(meter));
  const told: WebSocket.RttMessage[] = [];
  const onRtt = (message: unknown) => told.push(message as WebSocket.RttMessage);
  subscribe('ws-linger:rtt', onRtt);

  const heartbeat = { interval: 30, timeout: 5_000 };
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger: { ...linger, heartbeat } });
  await once(wss, 'listening');
  const client = new Upstream(`ws://127.0.0.1:${portOf(wss)}`);
  await until('three pings are answered', () => told.length >= 3);
  unsubscribe('ws-linger:rtt', onRtt);
  const count = wss.stats().rttMs.count;
  const sum = told.reduce((all, { rttMs }) => all + rttMs, 0) / 1_000;
  for (const { ws, role } of told) assert.deepEqual([wss.clients.has(ws as WebSocket), role], [true, 'server']);
  assert.equal(told.at(-1)?.rttMs, [...wss.clients][0]?.rtt);

  const text = await register.metrics();
  const sample = (name: string) => Number(new RegExp(`^${name}(?:{role="server"})? (\\S+)$`, 'm').exec(text)?.[1]);
  assert.equal(sample('ws_linger_rtt_seconds_count'), count);
  assert.ok(Math.abs(sample('ws_linger_rtt_seconds_sum') - sum) < 1e-6);
  assert.doesNotMatch(text, /ws_linger_rtt_seconds_count{role="client"}/);
  const recorded = await read();
  assert.equal(recorded.count('ws_linger.server.ping.duration', {}), count);
  assert.deepEqual(recorded.points('ws_linger.client.ping.duration'), []);

  await shutdown();
  client.terminate();
  await until('the connection has ended', () => wss.clients.size === 0);
  wss.close();
});
