// look() on Linux, by /proc/net/tcp: whether the peer acknowledges data, whether it is alive and does not read, and
// 'unknown' for a peer that is cut off. Needs root.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { TransportLook } from '../../dist/socket-control/contract.js';
import { PortableControl } from '../../dist/socket-control/portable.js';
import { listen, portOf, until, watchEnd } from '../support/end.js';
import { SERVER_ADDRESS, TwoHosts } from '../support/namespaces.js';
import { openPair, socketOf, stall } from '../support/pairs.js';

const MB = 1024 * 1024;

describe('a look at a connection', () => {
  for (const host of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
    it(`shows whether a peer at ${host} reads`, async () => {
      const server = await listen(net.createServer({ pauseOnConnect: true }), '::');
      const accepted = once(server, 'connection') as Promise<[net.Socket]>;
      const socket = net.connect(portOf(server), host);
      await once(socket, 'connect');
      const [peer] = await accepted;
      const control = new PortableControl(socket);
      const look = async (what: string, isSo: (look: TransportLook) => boolean) => {
        let last: TransportLook | null = null;
        await until(what, () => {
          last = control.look();
          return last !== null && isSo(last);
        });
        return last as unknown as TransportLook;
      };
      assert.equal(control.look(), null, 'the first look only starts a lookup');
      await look(
        'the connection is idle',
        ({ unacknowledged, peerWindow }) => unacknowledged === 0 && peerWindow === 'open',
      );

      // More than the kernels of both sides hold.
      for (let i = 0; i < 64; i++) socket.write(Buffer.alloc(MB));
      const zero = await look('the peer does not read', ({ peerWindow }) => peerWindow === 'zero');
      assert.ok(zero.unacknowledged > 0);
      peer.resume();
      await look(
        'the peer has read a part',
        ({ unacknowledged, at }) => unacknowledged < zero.unacknowledged && at > zero.at,
      );
      await look('the peer has read all', ({ unacknowledged }) => unacknowledged === 0);
      socket.destroy();
      peer.destroy();
      server.close();
    });
  }

  it('is null for a socket without a TCP connection', () => {
    assert.equal(new PortableControl(new net.Socket()).look(), null);
  });
});

describe('a look at a peer that is cut off', () => {
  let hosts: TwoHosts;
  let server: ChildProcess;
  before(() => {
    hosts = new TwoHosts();
  });
  after(() => hosts.remove());

  it("shows the peer's window as unknown, even if the peer had stopped reading before", async () => {
    server = hosts.start('server', 'support/look-server');
    const [{ port }] = (await once(server, 'message')) as [{ port: number }];
    const client = hosts.start('client', 'support/look-client', SERVER_ADDRESS, String(port));
    const seen: Record<string, TransportLook | null> = {};
    server.on('message', (message) => {
      const { what, look } = message as { what: string; look: TransportLook | null };
      seen[what] = look;
    });
    await once(client, 'message');
    const ask = async (what: 'stalled' | 'reading', isSo: (look: TransportLook | null | undefined) => boolean) =>
      until(
        `${what} is ${isSo}`,
        async () => {
          delete seen[what];
          server.send(what);
          await until('an answer', () => what in seen);
          return isSo(seen[what]);
        },
        30_000,
      );
    server.send('write');
    await ask('stalled', (look) => look?.peerWindow === 'zero');
    hosts.cut();
    server.send('write');
    await ask('reading', (look) => look?.peerWindow === 'unknown' && look.unacknowledged > 0);
    await ask('stalled', (look) => look?.peerWindow === 'unknown');
  });
});

describe('a socket that lingers, at its closeDeadline of 30 s', { concurrency: true }, () => {
  /**
   * Returns this side's state in the kernel right after closeDeadline, for a peer that begins to read after
   * `readsAfter` ms.
   */
  async function stateAfter(readsAfter: number): Promise<string> {
    const pair = await openPair({ make: 'ours', role: 'server', linger: { logger: false } });
    const port = (pair.peer as { remotePort?: number }).remotePort;
    await stall(pair);
    const reads = setTimeout(() => readSome(pair.peer), readsAfter);
    const ended = watchEnd(pair.ws);
    const gone = once(socketOf(pair.ws), 'close');
    pair.ws.close();
    assert.equal((await ended).info.kind, 'close-timeout');
    await gone;
    clearTimeout(reads);
    const list = execFileSync('ss', ['-tanH', `( sport = :${port} )`]).toString();
    const [line = ''] = list.split('\n').filter((each) => !/^LISTEN/.test(each));
    pair.stop();
    return line.split(/\s+/)[0] ?? '';
  }

  /** Reads a part, so that the peer's window opens. */
  function readSome(peer: net.Socket): void {
    let read = 0;
    peer.on('data', (chunk: Buffer) => {
      read += chunk.length;
      if (read > 6 * MB) peer.pause();
    });
    peer.resume();
  }

  it('is ended by RST if its peer was alive for 25 s without reading, and the kernel keeps nothing', async () => {
    assert.equal(await stateAfter(100_000), '');
  });

  for (const readsAfter of [10_000, 28_500]) {
    it(`is ended by FIN if its peer begins to read after ${readsAfter} ms`, async () => {
      assert.equal(await stateAfter(readsAfter), 'FIN-WAIT-1');
    });
  }
});
