/**
 * Reports to its parent process how each connection ends, named by the path that the client requested. A message from
 * the parent names the connection to act on.
 */

import type WebSocket from 'ws-linger';
import { WebSocketServer } from 'ws-linger';
import type { CloseInfo } from '../../dist/close-info.js';
import { portOf } from './end.js';
import { socketOf } from './pairs.js';

const wss = new WebSocketServer({ port: 0, linger: { closeTimeout: 500, logger: false } }, () => {
  process.send?.({ port: portOf(wss) });
});
const open = new Map<string, WebSocket>();

wss.on('connection', (ws, request) => {
  const path = request.url as string;
  open.set(path, ws);
  if (path === '/keep-alive' || path === '/paused') socketOf(ws).setKeepAlive(true, 1_000);
  if (path === '/paused') ws.pause();
  ws.on('disconnect', (info: CloseInfo) => process.send?.({ path, info, clients: wss.clients.size }));
});

process.on('message', (path: string) => {
  if (path === '/send') open.get(path)?.send('anybody there?');
  if (path === '/close') open.get(path)?.close(1000);
  if (path === '/paused') open.get(path)?.resume();
  if (path === '/terminate') open.get(path)?.terminate();
});
process.on('disconnect', () => process.exit());
