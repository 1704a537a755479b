// How many connections can be reset in a second, and what is left in the kernel? A C program (reset.c) shows the limit.

const path = require('node:path');
const { setTimeout } = require('node:timers/promises');
const { connectSocket, openSocket, openSockets, resetAll } = require('./harness/clients.js');
const { EVERYWHERE, OURS, environment } = require('./harness/contestants.js');
const { settledInKernel } = require('./harness/kernel.js');
const { platform } = require('./harness/machine.js');
const { start } = require('./harness/processes.js');
const bareC = require('./reset/bare-c.js');

/** More bytes than Node reads ahead while a server is paused, so that the kernel holds the rest. */
const UNREAD = Buffer.alloc(300_000);
/** Connections that are reset first, to warm the server up. Everything takes longer under Wine. */
const BEFORE = platform === 'wine' ? 500 : 3_000;
const WARM_UP_WAVE = 500;
/** How long to wait for the 'close' of peers, in ms. Some may never notice the end. */
const PATIENCE = 2_000;

function startServer(contestant, { state, secure, connections }) {
  if (contestant === 'bare C') return bareC.startBareC(state, connections);
  const script = path.join(__dirname, 'processes', 'reset-server.js');
  const { ask, stop } = start(script, { args: [contestant], env: environment(contestant) });
  return {
    listen: () => ask('listen', state, secure),
    prepare: (state, count) => ask('prepare', state, count),
    reset: () => ask('reset'),
    stop,
  };
}

/** Opens peers and brings their side into the state. */
async function openPeers(port, contestant, { state, secure, connections, reads = true }) {
  const open = contestant === 'bare C' ? connectSocket : openSocket;
  const peers = await openSockets(port, connections, { secure, open, reads });
  if (state === 'unread') for (const peer of peers) peer.write(UNREAD);
  return peers;
}

/** Resolves when all peers have closed, or after PATIENCE ms. */
async function closed(peers) {
  const open = peers.filter((peer) => !peer.destroyed);
  const closes = open.map((peer) => new Promise((resolve) => peer.once('close', resolve)));
  const enough = new AbortController();
  await Promise.race([Promise.all(closes), setTimeout(PATIENCE, null, enough).catch(() => {})]);
  enough.abort();
}

/** Opens connections, resets them on the server, and counts what the peers saw and what is left in the kernel. */
async function wave(server, port, contestant, parameters) {
  const { state, connections, reads = true } = parameters;
  const before = await settledInKernel(port);
  const peers = await openPeers(port, contestant, parameters);
  let resets = 0;
  for (const peer of peers) peer.once('error', ({ code }) => (resets += code === 'ECONNRESET' ? 1 : 0));
  await server.prepare(state, connections);
  const done = await server.reset();
  // Only peers that read can tell RST from FIN: libuv reports a RST behind unread data as FIN.
  if (reads && done.closed === peers.length) await closed(peers);
  const after = await settledInKernel(port);
  await resetAll(peers);
  const left = (key) => after && after[key] - before[key];
  return { ...done, resets, timeWait: left('timeWait'), finWait: left('finWait'), bytes: left('bytes') };
}

async function measure({ contestant, parameters }) {
  const { connections, waves, before = BEFORE, reads = true } = parameters;
  const server = startServer(contestant, parameters);
  const total = { ms: 0, cpu: 0, closed: 0, resets: 0, timeWait: 0, finWait: 0, bytes: 0 };
  let known = true;
  try {
    const port = await server.listen();
    // Compiling JavaScript is not part of what a reset costs a server that has run for a while.
    const few = { ...parameters, state: 'idle', reads: true, connections: Math.min(before, WARM_UP_WAVE) };
    for (let made = 0; made < before && contestant !== 'bare C'; made += few.connections)
      await wave(server, port, contestant, few);
    for (let i = 0; i < waves; i++) {
      const found = await wave(server, port, contestant, parameters);
      known &&= found.bytes !== null;
      for (const key of Object.keys(total)) total[key] += found[key];
    }
  } finally {
    await server.stop();
  }
  const count = waves * connections;
  const all = total.closed === count;
  const percent = (key) => (total[key] / count) * 100;
  return {
    closed: percent('closed'),
    // Without a 'close' there is no end to measure the cost of.
    ...(all && { resetsPerSecond: count / (total.ms / 1000), cpuPerReset: total.cpu / count }),
    ...(reads && { seenAsReset: percent('resets') }),
    ...(known && { timeWait: percent('timeWait'), finWait: percent('finWait'), bytesLeft: total.bytes / 1024 / count }),
  };
}

const JS = ['ws terminate', 'ws resetAndDestroy', ...OURS];
const MANY = { connections: 500, waves: 4 };
/** One megabyte waits on each connection. */
const STALLED = { connections: 200, waves: 2, reads: false };
const quick = { connections: 20, waves: 1, before: 20 };

module.exports = {
  name: 'reset',
  question: 'How many connections can be reset in a second, and what stays behind?',
  contestants: [...JS, 'bare C'],
  rounds: 3,
  cases: [
    { name: 'idle', state: 'idle', ...MANY, quick },
    { name: 'with unread input', state: 'unread', ...MANY },
    { name: 'with 1 MB that the peer does not take', state: 'stalled', ...STALLED },
    { name: 'during end(), behind such a megabyte', state: 'ending', ...STALLED, quick },
    { name: 'over TLS', state: 'idle', secure: true, connections: 200, waves: 2, contestants: JS, quick },
  ],
  measures: {
    resetsPerSecond: { label: 'Rate, until the last is closed', unit: 'connections/s', better: 'higher' },
    cpuPerReset: { label: 'CPU of the server', unit: 'µs per connection', better: 'lower' },
    closed: { label: "Connections that emitted 'close'", unit: '%', better: 'higher', chart: false },
    seenAsReset: { label: 'Peers that saw ECONNRESET', unit: '%', better: 'higher', chart: 'value' },
    timeWait: { label: 'Left in TIME-WAIT', unit: '% of the connections', better: 'lower', chart: 'value' },
    finWait: { label: 'Left in FIN-WAIT', unit: '% of the connections', better: 'lower', chart: false },
    bytesLeft: { label: 'Left in send queues', unit: 'KB per connection', better: 'lower', chart: 'value' },
  },
  goals: EVERYWHERE.flatMap((contestant) => [
    { measure: 'closed', contestant, value: { atLeast: 100 } },
    { measure: 'seenAsReset', contestant, value: { atLeast: 100 } },
    { measure: 'bytesLeft', contestant, value: { atMost: 0 } },
  ]),
  prepare: bareC.compile,
  available: (contestant) => (contestant === 'bare C' ? bareC.missing() : undefined),
  measure,
};
