// The server for client.js. It answers each message, which tells the client that it has dealt with it.
import { drainOnSignal, WebSocketServer } from 'ws-linger';

const wss = new WebSocketServer({ port: process.env.PORT ?? 8080 });

wss.on('connection', (ws) => {
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  ws.on('disconnect', (info) => console.log(`disconnect: ${info.kind}, origin ${info.origin}`));
});

wss.on('listening', () => console.log(`listening on ${wss.address().port}`));
drainOnSignal(wss, { code: 1012 }); // "service restart": clients come back
