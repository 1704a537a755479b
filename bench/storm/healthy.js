// Peers that stay: each sends a message now and then and measures how long its echo takes. Time counts from when a message was
// due, so that a message that is sent late counts as slow too.

const hdr = require('hdr-histogram-js');
const { openSockets, openWebSocket: open } = require('../harness/clients.js');
const { answer } = require('../harness/processes.js');

const SIZE = 64;
let clients = [];

answer({
  async open(port, count) {
    clients = await openSockets(port, count, { open });
  },

  /** For `ms` milliseconds, each client sends a message every `interval` ms, one client after another. */
  async echo(ms, interval) {
    const times = hdr.build({ numberOfSignificantValueDigits: 3 });
    const message = Buffer.alloc(SIZE);
    const step = interval / clients.length;
    const count = Math.floor(ms / step);
    const began = performance.now();
    let sent = 0;
    await new Promise((resolve, reject) => {
      for (const ws of clients) {
        ws.on('message', (data) => {
          times.recordValue(Math.max(0, Math.round((performance.now() - began - data.readDoubleLE()) * 1000)));
          if (times.totalCount === count) resolve();
        });
        ws.once('close', () => reject(new Error('a healthy connection was lost')));
      }
      const timer = setInterval(() => {
        for (; sent < count && sent * step <= performance.now() - began; sent++) {
          message.writeDoubleLE(sent * step);
          clients[sent % clients.length].send(Buffer.from(message));
        }
        if (sent === count) clearInterval(timer);
      }, 1);
    });
    for (const ws of clients) ws.removeAllListeners('message');
    const at = (percentile) => times.getValueAtPercentile(percentile) / 1000;
    return { p50: at(50), p99: at(99), max: at(100) };
  },
});
