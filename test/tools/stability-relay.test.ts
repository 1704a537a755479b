// The TCP relay of a stability run, which can cut off the traffic of a client.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, it } from 'node:test';
import { Relay } from '../../dist/tools/stability/relay.js';
import { listen, openHandles, portOf, until } from '../support/end.js';
import { tcpPair } from '../support/tcp-pair.js';

/** Opens a connection through a relay. */
async function openRelay() {
  const server = await listen(net.createServer({ allowHalfOpen: true }));
  const relay = new Relay(`ws://127.0.0.1:${portOf(server)}/path`);
  const [atServer] = (await once(server, 'connection')) as [net.Socket];
  await relay.ready;
  const client = relay.connect({});
  server.close();
  for (const socket of [client, atServer]) socket.on('error', () => {});
  return { relay, client, atServer };
}

describe('a relay', () => {
  let stop = () => {};
  afterEach(() => stop());

  async function connected() {
    const all = await openRelay();
    stop = () => {
      all.relay.stop();
      all.client.destroy();
      all.atServer.destroy();
    };
    return all;
  }

  it('forwards data and FIN in both directions, each on its own', async () => {
    const { client, atServer } = await connected();
    let got = '';
    atServer.on('data', (chunk) => {
      got += chunk;
    });
    client.end('from the client');
    await once(atServer, 'end');
    assert.equal(got, 'from the client');
    atServer.end('from the server');
    assert.equal(await text(client), 'from the server');
  });

  it('forwards nothing in either direction while it is cut off, and everything afterwards', async () => {
    const { relay, client, atServer } = await connected();
    client.write('1');
    await once(atServer, 'data');
    const began = performance.now();
    relay.cutOff(300);
    client.end('from the client');
    atServer.end('from the server');
    const texts = await Promise.all([client, atServer].map(async (socket) => [await text(socket), performance.now()]));
    assert.deepEqual(
      texts.map(([content]) => content),
      ['from the server', 'from the client'],
    );
    for (const [, at] of texts) assert.ok(Number(at) - began >= 290, `after ${Number(at) - began} ms`);
  });

  it('forwards a reset', async () => {
    const { client, atServer } = await connected();
    client.write('1');
    await once(atServer, 'data');
    atServer.resetAndDestroy();
    const [error] = await once(client.resume(), 'error');
    assert.equal(error.code, 'ECONNRESET');
  });

  it('rejects with the error of a server that cannot be reached', async () => {
    // The port is in use by a connection, so no server can listen on it meanwhile.
    const pair = await tcpPair();
    const relay = new Relay(`ws://127.0.0.1:${pair.peer.localPort}`);
    await assert.rejects(relay.ready, { code: 'ECONNREFUSED' });
    relay.stop();
    pair.stop();
  });

  it('leaves no socket when it is stopped, even while it is cut off or before it is connected', async () => {
    const handles = openHandles();
    const { relay, client, atServer } = await connected();
    client.write('1');
    await once(atServer, 'data');
    relay.cutOff(60_000);
    const early = new Relay(`ws://127.0.0.1:${client.localPort}`);
    early.stop();
    await assert.rejects(early.ready);
    stop();
    await until('all sockets are closed', () => relay.held === 0 && early.held === 0);
    await until('no handle is left', () => openHandles() <= handles);
  });
});
