// A project without Node's types, as one for browsers that gets ws by way of another package.
import WebSocket, { WebSocketServer } from 'ws-linger';

const ws: WebSocket = new WebSocket('ws://localhost', { linger: { closeTimeout: 1 } });
ws.on('message', (_data, isBinary) => isBinary satisfies boolean);
ws.on('disconnect', (info) => info.kind satisfies WebSocket.CloseKind);
const server = new WebSocketServer({ port: 0 }).on('connection', (client) => client.closeAsync());
server.drain({ notice: 1 });
server.ready satisfies boolean;
