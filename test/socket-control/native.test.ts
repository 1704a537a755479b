// What the addon does beyond the contract of SocketControl: finding SOCKETs, refusing what is not its own, leaving alone
// what is gone. On Windows only.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { loadNative } from '../../dist/socket-control/load.js';
import { type NativeBinding, type NativeConnection, resolveConnection } from '../../dist/socket-control/native.js';
import { listen, portOf, until } from '../support/end.js';
import { endOf } from '../support/peer.js';
import { tcpPair } from '../support/tcp-pair.js';

const { binding } = loadNative();
const GONE = -1;
const WRONG_ARGUMENT = { name: 'TypeError', code: 'WSL_ERR_NATIVE_ARGUMENT' };

function find(addon: NativeBinding, socket: net.Socket): NativeConnection {
  const found = resolveConnection(addon, socket);
  assert.ok(found, `the SOCKET of ${socket.localAddress} ${socket.localPort} is found`);
  return found;
}

if (binding) {
  describe('the addon', () => {
    it('finish() sends FIN and leaves the SOCKET open for what the peer still sends', async () => {
      const { socket, peer, stop } = await tcpPair();
      const seen = endOf(peer);
      const found = find(binding, socket);
      assert.equal(binding.finish(found), 0);
      assert.equal(await seen, 'end');
      const data = once(socket, 'data');
      peer.write('still open');
      assert.equal(String((await data)[0]), 'still open');
      stop();
    });

    it('finish() queues FIN behind a write in flight', async () => {
      const { socket, peer, stop } = await tcpPair();
      peer.pause();
      const bytes = 8 * 1024 * 1024;
      const written = new Promise<void>((done) => socket.write(Buffer.alloc(bytes), () => done()));
      await new Promise(setImmediate);
      assert.equal(binding.finish(find(binding, socket)), 0);
      const seen = endOf(peer);
      assert.equal(await seen, 'end');
      await written;
      assert.equal(peer.bytesRead, bytes);
      stop();
    });

    it('abort() makes the close that follows send RST', async () => {
      const { socket, peer, stop } = await tcpPair();
      const seen = endOf(peer);
      assert.equal(binding.abort(find(binding, socket)), 0);
      socket.destroy();
      assert.equal(await seen, 'ECONNRESET');
      stop();
    });

    it('abort() cancels a read in flight, of which the socket reports no error once it is destroyed', async () => {
      const { socket, stop } = await tcpPair();
      const errors: unknown[] = [];
      socket.resume().on('error', (error) => errors.push(error));
      const closed = once(socket, 'close');
      assert.equal(binding.abort(find(binding, socket)), 0);
      socket.destroy();
      await closed;
      assert.deepEqual(errors, []);
      stop();
    });

    it('abort() ends a write in flight that the peer does not take', async () => {
      const { socket, peer, stop } = await tcpPair();
      peer.pause();
      // Windows takes the first write as a whole, whatever its size, and keeps the second one waiting.
      let ended = false;
      socket.write(Buffer.alloc(16 * 1024 * 1024), () => {
        socket.write('more', () => {
          ended = true;
        });
      });
      await until('the second write is begun', () => socket.bytesWritten > 16 * 1024 * 1024);
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      assert.equal(ended, false);
      // Nobody destroys the socket: what ends the write is abort().
      assert.equal(binding.abort(find(binding, socket)), 0);
      await until('the write has ended', () => ended);
      stop();
    });

    it('look() answers null where the system does not tell, and numbers where it does', async () => {
      const { socket, stop } = await tcpPair();
      const seen = binding.look(find(binding, socket));
      if (seen) for (const value of Object.values(seen)) assert.ok(Number.isSafeInteger(value) && value >= 0);
      stop();
    });

    it('probes without taking a byte or a FIN from the reader', async () => {
      const { socket, peer, stop } = await tcpPair();
      const found = find(binding, socket);
      assert.equal(binding.probe(found), 'connected');
      socket.pause();
      peer.end('unread');
      await until('the data has arrived', () => binding.probe(found) === 'connected');
      const read: string[] = [];
      socket.on('data', (chunk) => read.push(String(chunk))).resume();
      await once(socket, 'end');
      assert.deepEqual(read, ['unread']);
      assert.equal(binding.probe(found), 'peer-closed');
      stop();
    });

    it('refuses values that are not its own connections', () => {
      for (const call of [binding.abort, binding.finish, binding.look, binding.probe]) {
        for (const wrong of [undefined, null, 0, 4, {}, 'x', () => {}]) {
          assert.throws(() => call(wrong as never), WRONG_ARGUMENT);
        }
      }
    });

    it('returns opaque connections that cannot be imitated', async () => {
      const { socket, stop } = await tcpPair();
      const found = find(binding, socket);
      assert.equal(inspect(found, { showHidden: true }), '{}');
      assert.deepEqual(Reflect.ownKeys(found), []);
      for (const imitation of [{ ...found }, Object.create(found), new Proxy(found, {}), structuredClone(found)]) {
        assert.throws(() => binding.probe(imitation as never), WRONG_ARGUMENT);
      }
      assert.equal(binding.probe(found), 'connected');
      stop();
    });

    it('reports a closed connection as gone, even if another connection has its SOCKET now', async () => {
      const first = await tcpPair();
      const found = find(binding, first.socket);
      const closed = Promise.all([once(first.socket, 'close'), once(first.peer, 'close')]);
      first.stop();
      await closed;
      // Windows reuses the lowest free values first, so one of these has the same SOCKET.
      const others = await Promise.all(Array.from({ length: 8 }, () => tcpPair()));
      assert.equal(binding.abort(found), GONE);
      assert.equal(binding.finish(found), GONE);
      assert.equal(binding.look(found), null);
      assert.equal(binding.probe(found), 'unknown');
      for (const { socket, peer, stop } of others) {
        for (const side of [socket, peer]) assert.equal(binding.probe(find(binding, side)), 'connected');
        const ends = [endOf(socket), endOf(peer)];
        socket.end();
        peer.end();
        assert.deepEqual(await Promise.all(ends), ['end', 'end']);
        stop();
      }
    });

    it('finds each of many connections, in any order', async () => {
      const pairs = await Promise.all(Array.from({ length: 100 }, () => tcpPair()));
      const sides = pairs.flatMap(({ socket, peer }) => [socket, peer]);
      for (const ordered of [sides, sides.toReversed()]) {
        for (const side of ordered) assert.equal(binding.probe(find(binding, side)), 'connected');
      }
      for (const { stop } of pairs) stop();
    });

    const linkLocal = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ address, scopeid }) => address.startsWith('fe80:') && (scopeid ?? 0) > 0);
    // Not every machine has one, and a test that is skipped would be a failure under CI.
    if (linkLocal)
      it('finds a connection between link-local addresses by its scope, and not by another scope', async () => {
        const host = `${linkLocal.address}%${linkLocal.scopeid}`;
        const server = await listen(net.createServer(), host);
        const accepted = once(server, 'connection');
        const peer = net.connect(portOf(server), host);
        const [socket] = (await accepted) as [net.Socket];
        assert.equal(binding.probe(find(binding, socket)), 'connected');
        const { localPort, remotePort } = socket as { localPort: number; remotePort: number };
        const other = `${linkLocal.address}%${(linkLocal.scopeid ?? 0) + 1}`;
        assert.equal(binding.resolve(other, localPort, other, remotePort), null);
        for (const side of [socket, peer]) side.destroy();
        server.close();
      });

    it('refuses invalid addresses and ports, and finds no connection where there is none', () => {
      const wrong: [string, number, string, number][] = [
        ['nowhere', 1, '127.0.0.1', 2],
        ['127.0.0.1\0', 1, '127.0.0.1', 2],
        ['', 1, '127.0.0.1', 2],
        ['1'.repeat(100_000), 1, '127.0.0.1', 2],
        ['127.0.0.1', 1, '::g', 2],
        ['fe80::1%', 1, '::1', 2],
        ['fe80::1%eth0', 1, '::1', 2],
        ['127.0.0.1%1', 1, '127.0.0.1', 2],
        [1 as never, 1, '127.0.0.1', 2],
      ];
      for (const port of [70_000, -1, 1.5, Number.NaN, 2 ** 32 + 1, '80' as never]) {
        wrong.push(['127.0.0.1', port, '127.0.0.1', 2], ['127.0.0.1', 1, '127.0.0.1', port]);
      }
      for (const tuple of wrong) assert.throws(() => binding.resolve(...tuple), WRONG_ARGUMENT, String(tuple));
      assert.equal(binding.resolve('127.0.0.1', 1, '127.0.0.1', 2), null);
      assert.equal(binding.resolve('fe80::1%4294967295', 1, 'fe80::2%4', 2), null);
    });
  });
}
