/** A server that reports how its connections end. What it does to one is said by the path that the client asked for. */

import type WebSocket from 'ws-linger';
import { WebSocketServer } from 'ws-linger';
import type { CloseInfo } from '../../dist/close-info.js';
import { socketOf } from './pairs.js';

const wss = new WebSocketServer({ port: 0, linger: { closeTimeout: 500, logger: false } }, () => {
  process.send?.({ port: (wss.address() as WebSocket.AddressInfo).port });
});
const open = new Map<string, WebSocket>();

wss.on('connection', (ws, request) => {
  const path = request.url as string;
  open.set(path, ws);
  if (path === '/keep-alive') socketOf(ws).setKeepAlive(true, 1_000);
  ws.on('disconnect', (info: CloseInfo) => process.send?.({ path, info, clients: wss.clients.size }));
});

process.on('message', (path: string) => {
  if (path === '/send') open.get(path)?.send('anybody there?');
  if (path === '/close') open.get(path)?.close(1000);
  if (path === '/terminate') open.get(path)?.terminate();
});
process.on('disconnect', () => process.exit());
