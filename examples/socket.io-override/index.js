// The "overrides" of package.json put ws-linger in the place of ws, for socket.io and for everything else in this app.
// Nothing of it is seen here, and `ws` is still its name.
const http = require('node:http');
const { Server } = require('socket.io');

const httpServer = http.createServer();
const io = new Server(httpServer);

io.on('connection', (socket) => {
  socket.on('message', (data) => socket.emit('message', data));
  socket.on('disconnect', (reason) => {
    const info = socket.conn.transport.socket?.closeInfo;
    if (info) console.log(`disconnect: ${info.kind}, origin ${info.origin} (${reason})`);
  });
});

httpServer.listen(process.env.PORT ?? 8080, () => console.log(`listening on ${httpServer.address().port}`));
