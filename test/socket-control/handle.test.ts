// What is taken out of the count of a server, and when, with Node's private fields.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { it } from 'node:test';
import { leaveClosingServer, watchServer } from '../../dist/socket-control/handle.js';
import { listen, portOf } from '../support/end.js';

it('tells that a server begins to close, once, and again when it has listened again', async () => {
  const server = net.createServer();
  let told = 0;
  for (let round = 1; round <= 2; round++) {
    await listen(server);
    const sockets: net.Socket[] = [];
    for (let i = 0; i < 2; i++) {
      const accepted = once(server, 'connection') as Promise<[net.Socket]>;
      const peer = net.connect(portOf(server), '127.0.0.1');
      const [socket] = await accepted;
      watchServer(socket, () => told++);
      leaveClosingServer(socket);
      sockets.push(socket, peer);
    }
    // It counts them as long as it listens.
    assert.deepEqual([await count(server), told], [2, round - 1]);
    const closed = once(server, 'close');
    server.close();
    assert.equal(told, round);
    for (const socket of sockets) leaveClosingServer(socket);
    await closed;
    assert.deepEqual([await count(server), told], [0, round]);
    for (const socket of sockets) socket.destroy();
  }
});

function count(server: net.Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((_, connections) => resolve(connections)));
}
