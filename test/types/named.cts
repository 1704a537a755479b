// Named imports in CommonJS.

import type { CloseInfo, LingerOptions, ServerOptions } from 'ws-linger';
import { attach, createWebSocketStream, type RawData, type WebSocket, WebSocketServer } from 'ws-linger';

const linger: LingerOptions = { closeTimeout: 100, onTimeout: 'destroy' };
const options: ServerOptions = { port: 0, linger };
const wss: WebSocketServer = new WebSocketServer(options);
wss.on('connection', (ws: WebSocket) => {
  ws.on('message', (data: RawData) => ws.send(data as Buffer));
  ws.once('disconnect', (info: CloseInfo) => info.error?.wsaCode);
  createWebSocketStream(attach(ws));
});
