// Idle peers of the server, and connections of this process with itself.

const net = require('node:net');
const { once } = require('node:events');
const { HOST, connectSocket, openSockets } = require('../harness/clients.js');
const { BACKLOG } = require('../harness/listen.js');
const { answer } = require('../harness/processes.js');

answer({
  async open(port, count) {
    await openSockets(port, count);
  },
  async fillTable(count) {
    const server = net.createServer((socket) => socket.on('error', () => {}));
    server.listen(0, HOST, BACKLOG);
    await once(server, 'listening');
    await openSockets(server.address().port, count, { open: connectSocket });
  },
});
