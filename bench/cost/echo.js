// Measures throughput and latency of a server that echoes messages. The clients are plain ws.

const { once } = require('node:events');
const hdr = require('hdr-histogram-js');
const { awake, openWebSocket } = require('../harness/clients.js');

const WARM_UP = 0.5; // as a share of the measured time

/** Keeps `inFlight` messages of each client under way for so many seconds. Resolves with the number of echoes. */
async function flood(clients, message, inFlight, seconds) {
  let count = 0;
  let flying = clients.length * inFlight;
  const until = performance.now() + seconds * 1000;
  await new Promise((resolve) => {
    for (const ws of clients) {
      ws.on('message', (_, binary) => {
        if (!binary) return;
        count++;
        if (performance.now() < until) ws.send(message);
        else if (--flying === 0) resolve();
      });
      for (let i = 0; i < inFlight; i++) ws.send(message);
    }
  });
  for (const ws of clients) ws.removeAllListeners('message');
  return count;
}

/** Sends one message at a time, from one client after another. Resolves with a histogram of round trips in ns. */
async function pingPong(clients, message, seconds) {
  const histogram = hdr.build({ numberOfSignificantValueDigits: 3 });
  const until = performance.now() + seconds * 1000;
  for (let i = 0; performance.now() < until; i++) {
    const ws = clients[i % clients.length];
    const began = process.hrtime.bigint();
    ws.send(message);
    await once(ws, 'message');
    histogram.recordValue(Number(process.hrtime.bigint() - began));
  }
  return histogram;
}

async function echo(server, port, { connections, size, inFlight, seconds }) {
  const clients = [];
  while (clients.length < connections) clients.push(await openWebSocket(port));
  const message = Buffer.alloc(size, 'x');
  await flood(clients, message, inFlight, seconds * WARM_UP);

  const before = await server.ask('usage');
  const began = performance.now();
  const count = await awake(() => flood(clients, message, inFlight, seconds));
  const took = (performance.now() - began) / 1000;
  const after = await server.ask('usage');

  const latency = await pingPong(clients, message, seconds / 2);
  for (const ws of clients) ws.terminate();
  return {
    messagesPerSecond: count / took,
    cpuPerMessage: (after.cpu - before.cpu) / count,
    latencyP50: latency.getValueAtPercentile(50) / 1000,
    latencyP99: latency.getValueAtPercentile(99) / 1000,
  };
}

module.exports = { echo };
