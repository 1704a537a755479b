// Peers that vanish without FIN or RST: a firewall cuts off their host, a network namespace. And what the kernel keeps
// of a connection to a peer that does not read. Needs Linux and root.
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

describe('for a peer that vanishes', () => {
  const PATHS = ['/send', '/keep-alive', '/close', '/idle', '/paused'];
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
    await until('more has come than is read', () => unreadBytes() > 0);
    hosts.cut();
  });
  after(() => hosts.remove());

  /** Received by the server's kernel, and not read. */
  function unreadBytes(): number {
    const rows = hosts.onServer('ss', '-tanH', 'state', 'established').trim().split('\n');
    return Math.max(...rows.map((row) => Number(row.split(/\s+/)[0])));
  }

  async function endOf(path: string): Promise<WebSocket.CloseInfo> {
    await until(`the end of ${path}`, () => reports.has(path), 60_000);
    return reports.get(path) as WebSocket.CloseInfo;
  }

  it('close() ends as close-timeout, and the kernel goes on retransmitting FIN', async () => {
    act('/close');
    const { kind, forced, phase } = await endOf('/close');
    assert.deepEqual([kind, forced, phase], ['close-timeout', null, 'handshake']);
    assert.match(hosts.onServer('ss', '-tanH', 'state', 'fin-wait-1'), /^\d+ +\d+ /);
  });

  it('a sent message ends the connection as timed-out when retransmission gives up', async () => {
    act('/send');
    const { kind, origin, phase, error } = await endOf('/send');
    assert.deepEqual([kind, origin, phase, error?.code], ['timed-out', 'network', 'open', 'ETIMEDOUT']);
  });

  it('TCP keep-alive ends the connection as timed-out', async () => {
    const { kind, origin, error } = await endOf('/keep-alive');
    assert.deepEqual([kind, origin, error?.code], ['timed-out', 'network', 'ETIMEDOUT']);
  });

  it('TCP keep-alive ends a paused connection as timed-out, too, though it is lost behind unread data', async () => {
    await until('the kernel has given it up', () => unreadBytes() === 0, 60_000);
    act('/paused');
    const { kind, origin, error } = await endOf('/paused');
    assert.deepEqual([kind, origin, error?.code], ['timed-out', 'network', 'ETIMEDOUT']);
  });

  it('a connection without traffic stays open, as with plain ws', () => {
    assert.equal(reports.has('/idle'), false);
  });
});

describe('the send queue that the kernel keeps for a peer that has stopped reading', () => {
  async function bytesQueuedAfter(
    make: Make,
    linger: WebSocket.LingerOptions,
    end: (ws: WebSocket) => void,
  ): Promise<number> {
    const pair = await openPair({ make, role: 'server', linger: { logger: false, ...linger } });
    const port = (pair.peer as { remotePort?: number }).remotePort;
    await stall(pair);
    end(pair.ws);
    await once(pair.ws, 'close');
    const rows = execFileSync('ss', ['-tanH', 'state', 'fin-wait-1', `( sport = :${port} )`]).toString();
    pair.stop();
    return Number(rows.trim().split(/\s+/)[1] ?? 0);
  }
  const MEGABYTE = 1024 * 1024;

  for (const make of ['plain', 'ours'] as const) {
    it(`holds megabytes after terminate() ${make === 'ours' ? 'of this package' : 'of plain ws'}`, async () => {
      assert.ok((await bytesQueuedAfter(make, {}, (ws) => ws.terminate())) > MEGABYTE);
    });
  }

  it('holds megabytes after sendTimeout, because such a peer may be alive and still read them', async () => {
    assert.ok((await bytesQueuedAfter('ours', { sendTimeout: 100 }, () => {})) > MEGABYTE);
  });

  it('is empty after abort()', async () => {
    assert.equal(await bytesQueuedAfter('ours', {}, (ws) => ws.abort()), 0);
  });

  it("is empty after sendTimeout with onTimeout 'reset'", async () => {
    assert.equal(await bytesQueuedAfter('ours', { sendTimeout: 100, onTimeout: 'reset' }, () => {}), 0);
  });
});

describe('a client without a route to the server', () => {
  it('ends as unreachable', async () => {
    const script = `
      const WebSocket = require(${JSON.stringify(require.resolve('ws-linger'))});
      const ws = new WebSocket('ws://192.0.2.9:1', { linger: { logger: false } });
      ws.on('error', () => {});
      ws.on('disconnect', (info) => console.log(info.kind, info.origin, info.phase, info.error.code));`;
    const name = `wsl-n-${process.pid}`;
    execFileSync('ip', ['netns', 'add', name]);
    try {
      const output = execFileSync('ip', ['netns', 'exec', name, process.execPath, '-e', script]).toString().trim();
      assert.equal(output, 'unreachable network opening ENETUNREACH');
    } finally {
      execFileSync('ip', ['netns', 'delete', name]);
    }
  });
});
