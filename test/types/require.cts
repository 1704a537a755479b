// `import … = require()` works with every CommonJS setting.
import WebSocket = require('ws-linger');

const wss: WebSocket.Server = new WebSocket.Server({ noServer: true });
const also: WebSocket.WebSocketServer = new WebSocket.WebSocketServer({ noServer: true, linger: { closeTimeout: 1 } });
const ws: WebSocket = new WebSocket('ws://localhost');
const same: WebSocket.WebSocket = new WebSocket.WebSocket('ws://localhost', 'protocol', { linger: { logger: false } });
ws.on('disconnect', (info: WebSocket.CloseInfo) => info.kind);
WebSocket.createWebSocketStream(same).end();
WebSocket.attach(wss).close();
also.on('connection', (client: WebSocket, request) => client.send(request.url ?? ''));
