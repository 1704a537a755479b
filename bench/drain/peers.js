// Peers of a server that ends: most read and answer, some have stalled, and some are in the middle of a download.

const { once } = require('node:events');
const { setTimeout } = require('node:timers/promises');
const WebSocket = require('ws-upstream');
const { HOST, openSockets } = require('../harness/clients.js');
const { answer } = require('../harness/processes.js');

/** How long the outcome waits for the last 'close', in ms. */
const PATIENCE = 5_000;
const BATCH = 100;
let peers = [];

async function open(port, { nextKind }) {
  const kind = nextKind();
  const ws = new WebSocket(`ws://${HOST}:${port}/${kind === 'little' ? '' : 'much'}`, { perMessageDeflate: false });
  const peer = { ws, kind, received: 0, code: null };
  ws.on('error', () => {});
  ws.on('message', () => peer.received++);
  peer.closed = once(ws, 'close').then(([code]) => {
    peer.code = code;
  });
  await once(ws, 'open');
  if (kind === 'stalled') ws.pause();
  return peer;
}

const reading = () => peers.filter(({ kind }) => kind !== 'stalled');

answer({
  async open(port, { connections, stalled, downloads }) {
    let made = 0;
    const nextKind = () => {
      const i = made++;
      return i < stalled ? 'stalled' : i < stalled + downloads ? 'download' : 'little';
    };
    peers = await openSockets(port, connections, { open, nextKind });
  },

  /** Sends messages for so many ms, from one peer after another, as applications do. */
  async talk(ms) {
    const until = performance.now() + ms;
    for (let i = 0; performance.now() < until; i += BATCH) {
      for (let j = i; j < i + BATCH; j++) {
        const { ws, kind } = peers[j % peers.length];
        if (kind !== 'stalled' && ws.readyState === WebSocket.OPEN) ws.send('still there');
      }
      await setTimeout(1);
    }
  },

  /** For the peers that read: how many messages are missing, and the percentage that got close code 1001. */
  async outcome({ small, large }) {
    const all = reading();
    await Promise.race([Promise.all(all.map(({ closed }) => closed)), setTimeout(PATIENCE)]);
    const lost = all.reduce((sum, { kind, received }) => sum + (kind === 'little' ? small : large).count - received, 0);
    return { lost, told: (all.filter(({ code }) => code === 1001).length / all.length) * 100 };
  },
});
