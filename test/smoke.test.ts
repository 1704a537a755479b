// The minimum that must work on every Node version: loading, messages, a reset, abort() and close().
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import WebSocket, { WebSocketServer } from 'ws-linger';
import { loadNative } from '../dist/socket-control/load.js';
import { portOf, watchEnd } from './support/end.js';
import { connectPeer, endOf } from './support/peer.js';

it('loads the control of this platform', () => {
  const { binding, reason } = loadNative();
  assert.equal(binding ? 'native' : 'portable', process.env.WS_LINGER_TEST_CONTROL ?? 'portable', reason);
});

it('echoes a message, reports a reset, resets a peer, and closes by the handshake', async () => {
  const wss = new WebSocketServer({ port: 0, linger: { logger: false } });
  await once(wss, 'listening');
  wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));

  const seen = once(wss, 'connection');
  const peer = await connectPeer(portOf(wss));
  const ended = watchEnd((await seen)[0]);
  peer.resetAndDestroy();
  assert.equal((await ended).info.kind, 'reset');

  const next = once(wss, 'connection');
  const second = await connectPeer(portOf(wss));
  const ws = (await next)[0] as WebSocket;
  const reset = endOf(second);
  ws.abort();
  assert.equal(await reset, 'ECONNRESET');

  const client = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`);
  await once(client, 'open');
  client.send('hello');
  assert.equal(String((await once(client, 'message'))[0]), 'hello');
  assert.equal((await client.closeAsync(1000)).kind, 'clean');
  wss.close();
  await once(wss, 'close');
});
