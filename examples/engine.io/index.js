// engine.io creates its WebSocket server from the class in its option `wsEngine`.
const http = require('node:http');
const { Server } = require('engine.io');
const { WebSocketServer } = require('ws-linger');

const httpServer = http.createServer();
const engine = new Server({ wsEngine: WebSocketServer });
engine.attach(httpServer);

engine.on('connection', (socket) => {
  socket.on('message', (data) => socket.send(data));
  socket.on('close', () => {
    // The transport has the WebSocket. A client that still uses HTTP polling has none.
    const info = socket.transport.socket?.closeInfo;
    if (info) console.log(`disconnect: ${info.kind}, origin ${info.origin}`);
  });
});

httpServer.listen(process.env.PORT ?? 8080, () => console.log(`listening on ${httpServer.address().port}`));
