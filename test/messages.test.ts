// A message that plain ws would have delivered is delivered.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import WebSocket, { WebSocketServer } from 'ws-linger';
import { portOf } from './support/end.js';
import { connectPeer, textFrame } from './support/peer.js';

const QUICK = { closeTimeout: 200, logger: false } as const;

describe('messages', () => {
  it('sent just before close() arrive', async () => {
    const wss = new WebSocketServer({ port: 0, linger: QUICK });
    await once(wss, 'listening');
    const received: string[] = [];
    wss.on('connection', (ws) => ws.on('message', (data) => received.push(String(data))));
    const ws = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`);
    await once(ws, 'open');
    for (let i = 0; i < 100; i++) ws.send(String(i));
    const info = await ws.closeAsync();
    assert.equal(info.kind, 'clean');
    assert.deepEqual(
      received,
      Array.from({ length: 100 }, (_, i) => String(i)),
    );
    wss.close();
  });

  it('sent just before terminate() arrive as with plain ws', async () => {
    const wss = new WebSocketServer({ port: 0, linger: QUICK });
    await once(wss, 'listening');
    const received = once(wss, 'connection').then(([ws]) => once(ws, 'message'));
    const ws = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { perMessageDeflate: false });
    await once(ws, 'open');
    ws.send('last words');
    ws.terminate();
    assert.equal(String((await received)[0]), 'last words');
    wss.close();
  });

  it('of other connections go on while one is reset', async () => {
    const wss = new WebSocketServer({ port: 0, linger: QUICK });
    await once(wss, 'listening');
    wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
    const healthy = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`);
    await once(healthy, 'open');
    const doomed = await connectPeer(portOf(wss));
    doomed.write(textFrame('in flight'));
    doomed.resetAndDestroy();
    healthy.send('still here');
    assert.equal(String((await once(healthy, 'message'))[0]), 'still here');
    await healthy.closeAsync();
    wss.close();
  });
});
