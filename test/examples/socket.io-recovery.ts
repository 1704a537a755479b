/** examples/socket.io-recovery: a client that was reset comes back as the same one. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type net from 'node:net';
import { describe, it } from 'node:test';
import { portOfApp, requireInstalled, soon, startApp } from './apps.js';

/** What is used of a client of socket.io-client. */
interface Client extends NodeJS.EventEmitter {
  id: string;
  recovered: boolean;
  connect(): void;
  disconnect(): void;
  io: { engine: { transport: { ws: { _socket: net.Socket } } } };
}

export const socketIoRecovery = () =>
  describe('socket.io-recovery', () => {
    it('a client that was reset is recovered, and gets what was sent meanwhile', soon, async () => {
      const app = startApp('socket.io-recovery');
      const url = `http://localhost:${await portOfApp(app)}`;
      const options = { transports: ['websocket'], reconnection: false, forceNew: true };
      const [lost, other]: [Client, Client] = [0, 1].map(() =>
        requireInstalled('socket.io-client').io(url, options),
      ) as never;
      const got: string[] = [];
      lost.on('message', (data) => got.push(data));
      await Promise.all([once(lost, 'connect'), once(other, 'connect')]);
      assert.equal(lost.recovered, false);
      const { id } = lost;

      other.emit('message', 'before');
      while (got.length < 1) await once(lost, 'message');
      lost.io.engine.transport.ws._socket.resetAndDestroy();
      await app.prints(/disconnect: reset, origin peer/);
      for (const message of ['meanwhile', 'more']) {
        const echoed = once(other, 'message');
        other.emit('message', message);
        await echoed;
      }
      assert.deepEqual(got, ['before']);

      lost.connect();
      while (got.length < 3) await once(lost, 'message');
      assert.deepEqual(got, ['before', 'meanwhile', 'more']);
      assert.deepEqual([lost.recovered, lost.id], [true, id]);
      await app.prints(/connection: recovered/);
      lost.disconnect();
      other.disconnect();
      await app.stop();
    });
  });
