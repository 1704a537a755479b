// A client whose connection is lost comes back within two minutes with its id and its rooms, and gets what it has missed.
const http = require('node:http');
const { Server } = require('socket.io');
const { WebSocketServer } = require('ws-linger');

const httpServer = http.createServer();
const io = new Server(httpServer, {
  wsEngine: WebSocketServer,
  connectionStateRecovery: { maxDisconnectionDuration: 120_000 },
});

io.on('connection', (socket) => {
  console.log(`connection: ${socket.recovered ? 'recovered' : 'new'}`);
  socket.on('message', (data) => io.emit('message', data));
  socket.on('disconnect', (reason) => {
    const info = socket.conn.transport.socket?.closeInfo;
    if (info) console.log(`disconnect: ${info.kind}, origin ${info.origin} (${reason})`);
  });
});

httpServer.listen(process.env.PORT ?? 8080, () => console.log(`listening on ${httpServer.address().port}`));
