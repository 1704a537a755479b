// An MQTT broker: aedes speaks MQTT over any stream, so it can use the stream of a WebSocket.
import { Aedes } from 'aedes';
import { createWebSocketStream, WebSocketServer } from 'ws-linger';

const broker = await Aedes.createBroker();
const wss = new WebSocketServer({ port: process.env.PORT ?? 8080 });

wss.on('connection', (ws, request) => {
  const stream = createWebSocketStream(ws);
  stream.on('error', () => {}); // a peer may leave in the middle of a message; 'disconnect' reports the cause
  broker.handle(stream, request);
  ws.on('disconnect', (info) => console.log(`disconnect: ${info.kind}, origin ${info.origin}`));
});

wss.on('listening', () => console.log(`listening on ${wss.address().port}`));
