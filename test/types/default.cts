// A default import in CommonJS needs esModuleInterop.
import WebSocket, { WebSocketServer } from 'ws-linger';

const ws: WebSocket = new WebSocket('ws://localhost');
const wss: WebSocketServer = new WebSocketServer({ noServer: true });
wss.on('connection', (client: WebSocket) => client.terminate());
ws.onmessage = (event: WebSocket.MessageEvent) => event.data;
