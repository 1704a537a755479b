/** The server of half-vanish.test.ts. */
import type { IncomingMessage } from 'node:http';
import type WebSocket from 'ws-linger';
import { WebSocketServer } from 'ws-linger';
import { portOf } from '../support/end.js';
import { HEARTBEAT, MESSAGES, type ToParent } from './half-vanish.js';

const wss = new WebSocketServer({ port: 0, backlog: 5_000, linger: { heartbeat: HEARTBEAT, logger: false } });
const send = (message: ToParent) => process.send?.(message);
let draining = false;

wss.on('listening', () => send({ type: 'listening', port: portOf(wss) }));
wss.on('connection', (ws: WebSocket, { socket }: IncomingMessage) => {
  const address = String(socket.remoteAddress).replace('::ffff:', '');
  ws.on('disconnect', (info: WebSocket.CloseInfo) => {
    if (!draining) send({ type: 'disconnect', address, info });
  });
});

process.on('message', async () => {
  draining = true;
  for (const ws of wss.clients) {
    for (let i = 0; i < MESSAGES; i++) ws.send(Buffer.alloc(1_000));
  }
  const began = performance.now();
  const counts = await wss.drain({ code: 1012, spread: 2_000, timeout: 30_000 });
  send({ type: 'drained', counts, ms: Math.round(performance.now() - began) });
});
process.on('disconnect', () => process.exit());
