// Peers that answer pings until they are told to reset or to fall silent. Times are process.hrtime's, which all processes share.

const { once } = require('node:events');
const { setTimeout } = require('node:timers/promises');
const WebSocket = require('ws-upstream');
const { HOST, openSockets } = require('../harness/clients.js');
const { answer } = require('../harness/processes.js');

const now = () => Number(process.hrtime.bigint());
let peers = [];

async function open(port) {
  const ws = new WebSocket(`ws://${HOST}:${port}`, { perMessageDeflate: false, autoPong: false });
  const peer = { ws, silent: false };
  ws.on('error', () => {});
  ws.on('ping', (data) => peer.silent || ws.pong(data));
  await once(ws, 'open');
  return peer;
}

/**
 * Lets `count` peers act, one every `between` ms. Resolves with [port, time] of each; the server identifies peers by port.
 */
async function oneByOne(count, between, act) {
  const times = [];
  const began = performance.now();
  for (const peer of peers.slice(0, count)) {
    await setTimeout(Math.max(0, began + times.length * between - performance.now()));
    times.push([peer.ws._socket.localPort, now()]);
    act(peer);
  }
  return times;
}

answer({
  async open(port, count) {
    peers = await openSockets(port, count, { open });
  },
  // libuv closes the socket within the call, so the RST is sent before it returns.
  reset: (count, between) => oneByOne(count, between, ({ ws }) => ws._socket.resetAndDestroy()),
  fallSilent: (count, within) =>
    oneByOne(count, within / count, (peer) => {
      peer.silent = true;
    }),
});
