// Each form of import in an ES module.

import type { ClientOptions, CloseInfo, CloseKind, RawData, Server, ServerOptions } from 'ws-linger';
import * as everything from 'ws-linger';
import WebSocket, { attach, createWebSocketStream, WebSocket as Named, WebSocketServer } from 'ws-linger';

const options: ServerOptions = { noServer: true };
const wss: WebSocketServer = new WebSocketServer(options);
const server: Server = wss;
const client: ClientOptions = { handshakeTimeout: 1, linger: {} };
const ws: WebSocket = new Named('ws://localhost', client);
ws.on('message', (data: RawData, isBinary) => ws.send(isBinary ? (data as Buffer) : String(data)));
ws.on('disconnect', (info: CloseInfo) => info.kind satisfies CloseKind);
createWebSocketStream(attach(ws));
attach(server).close();
const inner: WebSocket.WebSocketServer = new WebSocket.WebSocketServer({ port: 0 });
const all: everything.WebSocket = new everything.default('ws://localhost');
export const classes: (typeof WebSocket)[] = [WebSocket, Named, everything.WebSocket];
export { all, inner };
