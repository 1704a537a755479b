// How many connections can be reset in a second, and what stays behind? Bare C (bench/reset.c) is the limit.

const path = require('node:path');
const { setTimeout } = require('node:timers/promises');
const { connectSocket, openSocket, openSockets, resetAll } = require('./harness/clients.js');
const { EVERYWHERE, OURS, environment } = require('./harness/contestants.js');
const { settledInKernel } = require('./harness/kernel.js');
const { platform } = require('./harness/machine.js');
const { start } = require('./harness/processes.js');
const bareC = require('./reset/bare-c.js');

/** More than Node reads ahead of a server that has paused: the kernel holds the rest. */
const UNREAD = Buffer.alloc(300_000);
/** So many are reset before; everything takes longer under Wine. */
const BEFORE = platform === 'wine' ? 500 : 3_000;
const WARM_UP_WAVE = 500;
/** How long peers are waited for that may never hear of their end, in ms. */
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

/** Peers in their part of the state. */
async function openPeers(port, contestant, { state, secure, connections, reads = true }) {
  const open = contestant === 'bare C' ? connectSocket : openSocket;
  const peers = await openSockets(port, connections, { secure, open, reads });
  if (state === 'unread') for (const peer of peers) peer.write(UNREAD);
  return peers;
}

/** Resolves when all of them have closed, or when that has been waited for long enough. */
async function closed(peers) {
  const open = peers.filter((peer) => !peer.destroyed);
  const closes = open.map((peer) => new Promise((resolve) => peer.once('close', resolve)));
  const enough = new AbortController();
  await Promise.race([Promise.all(closes), setTimeout(PATIENCE, null, enough).catch(() => {})]);
  enough.abort();
}

async function wave(server, port, contestant, parameters) {
  const { state, connections, reads = true } = parameters;
  const before = await settledInKernel(port);
  const peers = await openPeers(port, contestant, parameters);
  let resets = 0;
  for (const peer of peers) peer.once('error', ({ code }) => (resets += code === 'ECONNRESET' ? 1 : 0));
  await server.prepare(state, connections);
  const done = await server.reset();
  // A peer that reads answers a FIN at once. One that does not cannot say how it ended: libuv tells of a RST behind unread
  // data as of a FIN.
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
    // What JavaScript has to compile is not what a reset costs a server that has run for a while.
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
    // Of connections that never close nobody can say what their end costs.
    ...(all && { resetsPerSecond: count / (total.ms / 1000), cpuPerReset: total.cpu / count }),
    ...(reads && { seenAsReset: percent('resets') }),
    ...(known && { timeWait: percent('timeWait'), finWait: percent('finWait'), bytesLeft: total.bytes / 1024 / count }),
  };
}

const JS = ['ws terminate', 'ws resetAndDestroy', ...OURS];
const MANY = { connections: 500, waves: 4 };
/** A megabyte each. */
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
    closed: { label: "Connections that had their 'close'", unit: '%', better: 'higher', chart: false },
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
