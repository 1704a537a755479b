// The server for clients of y-websocket. Its own server is ws 6; setupWSConnection() takes connections of any server. The path names
// the document. 0.1.5 of it is for yjs 14, which is not released yet.
import { setupWSConnection } from '@y/websocket-server/utils';
import { WebSocketServer } from 'ws-linger';

const wss = new WebSocketServer({ port: process.env.PORT ?? 8080 });

wss.on('connection', (ws, request) => {
  setupWSConnection(ws, request); // pings clients every 30 s by itself, and removes their awareness in 'close'
  ws.on('disconnect', (info) => console.log(`disconnect: ${info.kind}, origin ${info.origin}`));
});

wss.on('listening', () => console.log(`listening on ${wss.address().port}`));
