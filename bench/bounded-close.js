// When have all connections ended that a server closes, if their peers are dead? And what memory is held until then?

const path = require('node:path');
const { setTimeout } = require('node:timers/promises');
const hosts = require('./bounded-close/hosts.js');
const { EVERYWHERE, OURS, environment } = require('./harness/contestants.js');
const { HOST } = require('./harness/clients.js');
const { tooMany } = require('./harness/descriptors.js');
const { platform } = require('./harness/machine.js');
const { start } = require('./harness/processes.js');

const WITH_OPTION = 'ws closeTimeout 2 s';
const MB = 2 ** 20;
const script = (name) => path.join(__dirname, 'bounded-close', `${name}.js`);

/** Starts the server and its peers: on two virtual hosts, whose buffers are those of a network, or else on loopback. */
async function startBoth(contestant, { closeTimeout }) {
  const two = !hosts.missing();
  const startOne = two ? hosts.startOnHost : start;
  const server = startOne(script('server'), { args: [contestant], env: environment(contestant) });
  const peers = startOne(script('peers'));
  try {
    const options = {
      ...(two && { host: '0.0.0.0' }),
      ...(closeTimeout && { closeTimeout, linger: { closeTimeout } }),
      ...(contestant === WITH_OPTION && { closeTimeout: 2_000 }),
    };
    const [port] = await Promise.all([server.ask('listen', options), peers.ask('started')]);
    if (two) hosts.connect(server, peers);
    return { server, peers, port, host: two ? hosts.SERVER : HOST };
  } catch (error) {
    await Promise.all([server.stop(), peers.stop()]);
    throw error;
  }
}

async function measure({ contestant, parameters }) {
  const { dead, connections, bytes, settle, during, later } = parameters;
  const { server, peers, port, host } = await startBoth(contestant, parameters);
  try {
    const before = await server.ask('sample', { collect: true });
    await peers.ask('open', host, port, connections);
    if (dead === 'stalled') await peers.ask('stall');
    else hosts.cut(peers);
    await server.ask('queue', connections, bytes);
    // A dead peer's kernel still takes what its buffers have room for, which would count as progress.
    await setTimeout(settle);
    const closed = server.ask('closeAll');
    const sample = (ms, options) => setTimeout(ms).then(() => server.ask('sample', options));
    const samples = [sample(during, { collect: false }), sample(later, { collect: true })];
    const [first, then, { p50, p99, last, calling, cpu, kernel }] = await Promise.all([...samples, closed]);
    return {
      ...{ last, p50, p99, calling, cpu, rss: (first.rss - before.rss) / MB, held: (then.held - before.held) / MB },
      ...(kernel && { kernel: first.kernel.bytes / MB, kernelLater: then.kernel.bytes / MB }),
      ...(kernel && { kernelAfter: kernel.bytes / MB, finWait: kernel.finWait }),
    };
  } finally {
    if (host === hosts.SERVER) hosts.release(server, peers);
    await Promise.all([server.stop(), peers.stop()]);
  }
}

const quick = {
  contestants: ['ws', ...OURS],
  connections: 20,
  closeTimeout: 500,
  settle: 100,
  during: 200,
  later: 900,
};
const stalled = { dead: 'stalled', settle: 2_000, during: 1_000, later: 5_000 };
const blackHoled = { ...stalled, dead: 'black-holed', bytes: 1_000 };

/** Between two hosts buffers are small, so most of what is sent waits in the server process. */
const onTwoHosts = [
  { name: '1,000 stalled', connections: 1_000, ...stalled, bytes: 100_000, quick },
  { name: '10,000 stalled', connections: 10_000, ...stalled, bytes: 100_000 },
  { name: '1,000 black-holed', connections: 1_000, ...blackHoled, quick },
  { name: '10,000 black-holed', connections: 10_000, ...blackHoled },
];
/** On loopback the kernel takes up to 3 MB for each connection. */
const onOneHost = [
  { name: '1,000 stalled with 50 KB each', connections: 1_000, ...stalled, bytes: 50_000, quick },
  { name: '3,000 stalled with 50 KB each', connections: 3_000, ...stalled, bytes: 50_000 },
  { name: '1,000 stalled with 400 KB each', connections: 1_000, ...stalled, bytes: 400_000 },
  { name: '1,000 black-holed', connections: 1_000, ...blackHoled, quick },
];
const cases = hosts.missing() ? onOneHost : onTwoHosts;
/** The parameters of stalled peers, which growth.js uses too. */
const STALLED = { ...stalled, bytes: hosts.missing() ? 50_000 : 100_000 };

module.exports = {
  ...{ WITH_OPTION, STALLED },
  name: 'bounded-close',
  question:
    'When have all connections ended that a server closes, if their peers are dead, and what is held until then?',
  rounds: platform === 'wine' ? 1 : 3,
  // ws waits for 30 s, nearly to the millisecond, so one round is enough.
  once: ['ws'],
  contestants: ['ws', WITH_OPTION, ...OURS],
  cases,
  measures: {
    last: { label: "Until the last 'close'", unit: 'ms', better: 'lower' },
    p50: { label: "Until 'close', median", unit: 'ms', better: 'lower' },
    p99: { label: "Until 'close', 99th percentile", unit: 'ms', better: 'lower' },
    calling: { label: 'Calling close() on all of them', unit: 'ms', better: 'lower' },
    cpu: { label: 'CPU of the server', unit: 'µs per connection', better: 'lower' },
    rss: { label: 'Resident memory 1 s later, beyond that before', unit: 'MB', better: 'lower' },
    held: { label: 'Heap and buffers 5 s later, beyond those before', unit: 'MB', better: 'lower' },
    kernel: { label: 'In send queues of the kernel 1 s later', unit: 'MB', better: 'lower' },
    kernelLater: { label: 'In send queues of the kernel 5 s later', unit: 'MB', better: 'lower' },
    kernelAfter: { label: "In send queues of the kernel after the last 'close'", unit: 'MB', better: 'lower' },
    finWait: { label: "Sockets in FIN-WAIT after the last 'close'", unit: 'sockets', better: 'lower' },
  },
  // 'close' comes after closeTimeout; the socket goes on delivering after that.
  goals: EVERYWHERE.map((contestant) => ({ measure: 'last', contestant, value: { atMost: 2_100 } })),
  available(_, { dead, connections }) {
    return (dead === 'black-holed' ? hosts.missing() : undefined) ?? tooMany(connections);
  },
  measure,
};
