// A peer that vanishes without a word: its host is cut off by a firewall, in network namespaces of this test's own. And what
// stays in the kernel when a connection to a peer that does not read is ended. Linux only, with root.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import type WebSocket from 'ws-linger';
import { until } from '../support/end.js';
import { SERVER_ADDRESS, TwoHosts } from '../support/namespaces.js';
import { type Make, openPair, stall } from '../support/pairs.js';

interface Report {
  path: string;
  info: WebSocket.CloseInfo;
}

describe('to a peer that vanishes', () => {
  const PATHS = ['/send', '/keep-alive', '/close', '/idle'];
  const reports = new Map<string, WebSocket.CloseInfo>();
  let hosts: TwoHosts;
  let act: (path: string) => void;

  before(async () => {
    hosts = new TwoHosts();
    const server = hosts.start('server', 'support/black-hole-server');
    const [{ port }] = (await once(server, 'message')) as [{ port: number }];
    server.on('message', ({ path, info }: Report) => reports.set(path, info));
    act = (path) => server.send(path);
    const client = hosts.start('client', 'support/black-hole-client', `ws://${SERVER_ADDRESS}:${port}`, ...PATHS);
    await once(client, 'message');
    hosts.cut();
  });
  after(() => hosts.remove());

  async function endOf(path: string): Promise<WebSocket.CloseInfo> {
    await until(`the end of ${path}`, () => reports.has(path), 60_000);
    return reports.get(path) as WebSocket.CloseInfo;
  }

  it('close() ends as close-timeout, and its FIN goes on being retransmitted', async () => {
    act('/close');
    const { kind, forced, phase } = await endOf('/close');
    assert.deepEqual([kind, forced, phase], ['close-timeout', null, 'handshake']);
    assert.match(hosts.onServer('ss', '-tanH', 'state', 'fin-wait-1'), /^\d+ +\d+ /);
  });

  it('a message ends as timed-out when retransmission gives up', async () => {
    act('/send');
    const { kind, origin, phase, error } = await endOf('/send');
    assert.deepEqual([kind, origin, phase, error?.code], ['timed-out', 'network', 'open', 'ETIMEDOUT']);
  });

  it('keep-alive ends as timed-out', async () => {
    const { kind, origin, error } = await endOf('/keep-alive');
    assert.deepEqual([kind, origin, error?.code], ['timed-out', 'network', 'ETIMEDOUT']);
  });

  it('a connection nobody uses stays open, as with ws', () => {
    assert.equal(reports.has('/idle'), false);
  });
});

describe('what the kernel keeps for a peer that has stopped reading', () => {
  async function leftBy(make: Make, linger: WebSocket.LingerOptions, end: (ws: WebSocket) => void): Promise<number> {
    const pair = await openPair({ make, role: 'server', linger: { logger: false, ...linger } });
    const port = (pair.peer as { remotePort?: number }).remotePort;
    await stall(pair);
    end(pair.ws);
    await once(pair.ws, 'close');
    const left = execFileSync('ss', ['-tanH', 'state', 'fin-wait-1', `( sport = :${port} )`]).toString();
    pair.stop();
    return Number(left.trim().split(/\s+/)[1] ?? 0);
  }
  const MEGABYTE = 1024 * 1024;

  for (const make of ['plain', 'ours'] as const) {
    it(`is megabytes after terminate(), ${make === 'ours' ? 'as' : ''} with plain ws`, async () => {
      assert.ok((await leftBy(make, {}, (ws) => ws.terminate())) > MEGABYTE);
    });
  }

  it('is megabytes when sendTimeout ended it, since a peer that stops for so long may be alive', async () => {
    assert.ok((await leftBy('ours', { sendTimeout: 100 }, () => {})) > MEGABYTE);
  });

  it('is nothing after abort()', async () => {
    assert.equal(await leftBy('ours', {}, (ws) => ws.abort()), 0);
  });

  it("is nothing when sendTimeout ended it with onTimeout 'reset'", async () => {
    assert.equal(await leftBy('ours', { sendTimeout: 100, onTimeout: 'reset' }, () => {}), 0);
  });
});

describe('a client without a route', () => {
  it('ends as unreachable', async () => {
    const script = `
      const WebSocket = require(${JSON.stringify(require.resolve('ws-linger'))});
      const ws = new WebSocket('ws://192.0.2.9:1', { linger: { logger: false } });
      ws.on('error', () => {});
      ws.on('disconnect', (info) => console.log(info.kind, info.origin, info.phase, info.error.code));`;
    const name = `wsl-n-${process.pid}`;
    execFileSync('ip', ['netns', 'add', name]);
    try {
      const said = execFileSync('ip', ['netns', 'exec', name, process.execPath, '-e', script]).toString().trim();
      assert.equal(said, 'unreachable network opening ENETUNREACH');
    } finally {
      execFileSync('ip', ['netns', 'delete', name]);
    }
  });
});
