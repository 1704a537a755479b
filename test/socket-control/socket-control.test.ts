// Tests the contract of SocketControl on both of its implementations.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type net from 'node:net';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import type { SocketControl } from '../../dist/socket-control/contract.js';
import { loadNative } from '../../dist/socket-control/load.js';
import { NativeControl, resolveConnection } from '../../dist/socket-control/native.js';
import { PortableControl } from '../../dist/socket-control/portable.js';
import { until } from '../support/end.js';
import { endOf } from '../support/peer.js';
import { tcpPair } from '../support/tcp-pair.js';

const { binding, reason } = loadNative();
const GONE = -1;
const WRONG_ARGUMENT = { name: 'TypeError', code: 'WSL_ERR_NATIVE_ARGUMENT' };

const implementations: [string, (socket: net.Socket) => SocketControl][] = [
  ['portable', (socket) => new PortableControl(socket)],
];
if (binding) {
  implementations.push([
    'native',
    (socket) => {
      const connection = resolveConnection(binding, socket);
      assert.ok(connection, 'the SOCKET of an open connection is found');
      return new NativeControl(binding, connection, socket);
    },
  ]);
}

it(`runs with the control of this platform (${reason})`, () => {
  const wanted = process.env.WS_LINGER_TEST_CONTROL;
  if (wanted) assert.equal(binding ? 'native' : 'portable', wanted);
});

for (const [kind, make] of implementations) {
  describe(`${kind} control`, () => {
    it('has its kind', async () => {
      const { socket, stop } = await tcpPair();
      assert.equal(make(socket).kind, kind);
      stop();
    });

    it('aborts by RST, calls back once, and the socket emits close', async () => {
      const { socket, peer, stop } = await tcpPair();
      const outcomes: string[] = [];
      const seen = endOf(peer);
      const closed = once(socket, 'close');
      make(socket).abort((how) => outcomes.push(how));
      await closed;
      assert.equal(await seen, 'ECONNRESET');
      assert.deepEqual(outcomes, ['reset']);
      stop();
    });

    it('aborts by RST while FIN is pending', async () => {
      const { socket, stop } = await tcpPair();
      const outcomes: string[] = [];
      const closed = once(socket, 'close');
      const control = make(socket);
      socket.end();
      control.abort((how) => outcomes.push(how));
      await closed;
      assert.deepEqual(outcomes, ['reset']);
      stop();
    });

    it('aborts a closed socket without an error', async () => {
      const { socket, stop } = await tcpPair();
      const control = make(socket);
      socket.destroy();
      await once(socket, 'close');
      const outcomes: string[] = [];
      control.abort((how) => outcomes.push(how));
      assert.deepEqual(outcomes, ['destroy']);
      assert.equal(control.setLinger('abortive'), false);
      assert.equal(control.shutdown('both').ok, false);
      assert.equal(control.probe(), 'unknown');
      stop();
    });

    // On Windows getpeername still succeeds after a reset, so the portable control cannot detect it.
    const canSee = kind === 'native' || process.platform !== 'win32';
    it(`${canSee ? 'detects' : 'answers unknown after'} a reset of a socket that does not read`, async () => {
      const { socket, peer, stop } = await tcpPair();
      const control = make(socket);
      socket.pause();
      peer.write(Buffer.alloc(1024 * 1024)); // a paused socket reads until its buffer is full
      await until('the socket stops reading', () => socket.readableLength >= socket.readableHighWaterMark);
      peer.resetAndDestroy();
      await once(peer, 'close');
      if (canSee) await until('the reset has arrived', () => control.probe() === 'reset');
      else assert.equal(control.probe(), 'unknown');
      stop();
    });
  });
}

if (binding) {
  describe('native control only', () => {
    it('sets and reads SO_LINGER', async () => {
      const { socket, stop } = await tcpPair();
      const found = resolveConnection(binding, socket);
      assert.ok(found);
      const control = new NativeControl(binding, found, socket);
      assert.deepEqual(binding.getLinger(found), { on: false, seconds: 0 });
      assert.equal(control.setLinger('abortive'), true);
      assert.deepEqual(binding.getLinger(found), { on: true, seconds: 0 });
      assert.equal(control.setLinger('default'), true);
      assert.deepEqual(binding.getLinger(found), { on: false, seconds: 0 });
      stop();
    });

    it('shuts down one direction, and names Winsock errors', async () => {
      const { socket, peer, stop } = await tcpPair();
      const control = make(socket);
      const seen = endOf(peer);
      assert.deepEqual(control.shutdown('send'), { ok: true });
      assert.equal(await seen, 'end');
      assert.equal(binding.errorName(10054), 'WSAECONNRESET');
      assert.equal(binding.errorName(64), 'ERROR_NETNAME_DELETED');
      assert.equal(binding.errorName(4711), 'UNKNOWN');
      stop();
    });

    it('probes without taking a byte or a FIN from the reader', async () => {
      const { socket, peer, stop } = await tcpPair();
      const control = make(socket);
      assert.equal(control.probe(), 'connected');
      socket.pause();
      peer.end('unread');
      await until('the data has arrived', () => control.probe() === 'connected');
      const read: string[] = [];
      socket.on('data', (chunk) => read.push(String(chunk))).resume();
      await once(socket, 'end');
      assert.deepEqual(read, ['unread']);
      assert.equal(control.probe(), 'peer-closed');
      stop();
    });

    it('refuses values that are not its own connections', () => {
      const calls: ((connection: never) => unknown)[] = [
        (connection) => binding.setLinger(connection, true),
        (connection) => binding.getLinger(connection),
        (connection) => binding.shutdown(connection, 'both'),
        (connection) => binding.probe(connection),
      ];
      for (const call of calls) {
        for (const wrong of [undefined, null, 0, 4, {}, 'x', () => {}]) {
          assert.throws(() => call(wrong as never), WRONG_ARGUMENT);
        }
      }
    });

    it('returns opaque connections that cannot be imitated', async () => {
      const { socket, stop } = await tcpPair();
      const found = resolveConnection(binding, socket);
      assert.ok(found);
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
      const found = resolveConnection(binding, first.socket);
      assert.ok(found);
      const closed = Promise.all([once(first.socket, 'close'), once(first.peer, 'close')]);
      first.stop();
      await closed;
      // Windows reuses the lowest free values first, so one of these has the same SOCKET.
      const others = await Promise.all(Array.from({ length: 8 }, () => tcpPair()));
      assert.equal(binding.setLinger(found, true), GONE);
      assert.equal(binding.getLinger(found), GONE);
      assert.equal(binding.shutdown(found, 'both'), GONE);
      assert.equal(binding.probe(found), 'unknown');
      for (const { socket, peer } of others) {
        for (const side of [socket, peer]) {
          const connected = resolveConnection(binding, side);
          assert.ok(connected);
          assert.deepEqual(binding.getLinger(connected), { on: false, seconds: 0 });
          assert.equal(binding.probe(connected), 'connected');
        }
      }
      for (const { stop } of others) stop();
    });

    it('finds each of many connections, in any order', async () => {
      const pairs = await Promise.all(Array.from({ length: 100 }, () => tcpPair()));
      const sides = pairs.flatMap(({ socket, peer }) => [socket, peer]);
      for (const ordered of [sides, sides.toReversed()]) {
        for (const side of ordered) {
          const found = resolveConnection(binding, side);
          assert.ok(found, `${side.localPort} to ${side.remotePort}`);
          assert.equal(binding.probe(found), 'connected');
        }
      }
      for (const { stop } of pairs) stop();
    });

    it('refuses invalid addresses and ports, and finds no connection where there is none', () => {
      const wrong: [string, number, string, number][] = [
        ['nowhere', 1, '127.0.0.1', 2],
        ['127.0.0.1\0', 1, '127.0.0.1', 2],
        ['', 1, '127.0.0.1', 2],
        ['1'.repeat(100_000), 1, '127.0.0.1', 2],
        ['127.0.0.1', 1, '::g', 2],
        [1 as never, 1, '127.0.0.1', 2],
      ];
      for (const port of [70_000, -1, 1.5, Number.NaN, 2 ** 32 + 1, '80' as never]) {
        wrong.push(['127.0.0.1', port, '127.0.0.1', 2], ['127.0.0.1', 1, '127.0.0.1', port]);
      }
      for (const tuple of wrong) assert.throws(() => binding.resolve(...tuple), WRONG_ARGUMENT, String(tuple));
      assert.equal(binding.resolve('127.0.0.1', 1, '127.0.0.1', 2), null);
    });

    function make(socket: net.Socket): SocketControl {
      return (implementations[1] as (typeof implementations)[number])[1](socket);
    }
  });
}
