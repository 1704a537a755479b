// The "overrides" in package.json replace ws by ws-linger, for socket.io and every other dependency of this app. The code
// needs no change: the package is still installed under the name `ws`.
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
