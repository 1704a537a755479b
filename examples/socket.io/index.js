// socket.io passes `wsEngine` to engine.io, which creates its WebSocket server from that class.
const http = require('node:http');
const { Server } = require('socket.io');
const { WebSocketServer } = require('ws-linger');

const httpServer = http.createServer();
const io = new Server(httpServer, { wsEngine: WebSocketServer });

io.on('connection', (socket) => {
  socket.on('message', (data) => socket.emit('message', data));
  socket.on('disconnect', (reason) => {
    // `reason` is socket.io's, mostly 'transport close'. The WebSocket has the cause; a client that uses polling has none.
    const info = socket.conn.transport.socket?.closeInfo;
    if (info) console.log(`disconnect: ${info.kind}, origin ${info.origin} (${reason})`);
  });
});

httpServer.listen(process.env.PORT ?? 8080, () => console.log(`listening on ${httpServer.address().port}`));
