// crossws has ws inside its own bundle, which an override cannot replace. Its Node adapter accepts a server as `wss`.
import http from 'node:http';
import crossws from 'crossws/adapters/node';
import { WebSocketServer } from 'ws-linger';

const wss = new WebSocketServer({ noServer: true });
wss.on('connection', (ws) => {
  ws.on('disconnect', (info) => console.log(`disconnect: ${info.kind}, origin ${info.origin}`));
});

const sockets = crossws({
  wss,
  hooks: { message: (peer, message) => peer.send(message.text()) },
});

const server = http.createServer();
server.on('upgrade', sockets.handleUpgrade);
server.listen(process.env.PORT ?? 8080, () => console.log(`listening on ${server.address().port}`));
