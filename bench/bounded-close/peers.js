// Peers of plain ws that read until they are told to stall.

const { openSockets, openWebSocket: open } = require('../harness/clients.js');
const { answer } = require('../harness/processes.js');

let peers = [];

answer({
  started() {},
  async open(host, port, count) {
    peers = await openSockets(port, count, { open, host });
  },
  stall() {
    for (const ws of peers) ws.pause();
  },
});
