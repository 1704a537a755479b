// The same in CommonJS, where ws's types add to the interface alone; here it is what connections and the class's objects have.
import WebSocket = require('ws-linger');

import { type ClientOptions, WebSocket as Named, type Server, type ServerOptions, WebSocketServer } from 'ws-linger';

declare module 'ws-linger' {
  interface WebSocket {
    tenant: string;
  }
  interface Server {
    room: string;
  }
  interface WebSocketServer {
    lobby?: string;
  }
  interface ServerOptions {
    label?: string;
  }
  interface ClientOptions {
    retries?: number;
  }
}

const wss = new WebSocketServer({ port: 0, label: 'first' });
export const named: string[] = [wss.room, wss.options.label ?? ''];
for (const client of wss.clients) named.push(client.tenant);
wss.on('connection', (ws) => named.push(ws.tenant));
wss.on('connection', (ws: WebSocket) => ws.abort());
wss.on('connection', (ws: Named) => named.push(ws.tenant));
const options: ServerOptions = { label: 'second' };
const server: Server = new WebSocketServer(options);
const sameServer: WebSocketServer = wss;
named.push(server.room, sameServer.lobby ?? '');

const client: ClientOptions = { retries: 2 };
const plain: WebSocket = new WebSocket('ws://localhost', client);
const ws: Named = new Named('ws://localhost', [], client);
named.push(ws.tenant, new WebSocket('ws://localhost').tenant);
ws.onmessage = (event) => named.push(event.target.tenant);
plain.onmessage = (event) => named.push(event.target.tenant);
