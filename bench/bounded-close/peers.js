// Peers that are there until they are not. Plain ws.

const { once } = require('node:events');
const WebSocket = require('ws-upstream');
const { openSockets } = require('../harness/clients.js');
const { answer } = require('../harness/processes.js');

let peers = [];

async function open(port, { host }) {
  const ws = new WebSocket(`ws://${host}:${port}`, { perMessageDeflate: false });
  ws.on('error', () => {});
  await once(ws, 'open');
  return ws;
}

answer({
  started() {},
  async open(host, port, count) {
    peers = await openSockets(port, count, { open, host });
  },
  stall() {
    for (const ws of peers) ws.pause();
  },
});
