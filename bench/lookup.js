// What does it cost to find the SOCKET of a connection, and does that grow with the number of open connections? Windows only.

const { once } = require('node:events');
const net = require('node:net');

const WALKS = 10;
const WARM_UP = 10;
const NEWEST = 500;

const tuple = (socket) => [socket.localAddress, socket.localPort, socket.remoteAddress, socket.remotePort];

/** Loads the addon once more. The copy has an empty index. */
function freshAddon() {
  const { loadNative } = require('../dist/socket-control/load.js');
  const { path, reason } = loadNative();
  if (!path) throw new Error(`nothing to measure: ${reason}`);
  const module = { exports: {} };
  process.dlopen(module, path);
  return module.exports;
}

/** A server and connections to it, all in this process. */
class World {
  /** Both sides of every connection. */
  sockets = [];
  #server = net.createServer();

  async open(count) {
    this.#server.listen(0, '127.0.0.1', 4096);
    await once(this.#server, 'listening');
    this.port = this.#server.address().port;
    while (this.sockets.length < count) this.sockets.push(...(await this.connect()));
  }

  /** Opens one more connection. `onAccepted` is called in the server's 'connection' event. */
  async connect(onAccepted = () => {}) {
    this.#server.once('connection', onAccepted);
    const accepted = once(this.#server, 'connection');
    const client = net.connect(this.port, '127.0.0.1');
    const [[socket]] = await Promise.all([accepted, once(client, 'connect')]);
    for (const side of [client, socket]) side.on('error', () => {});
    return [client, socket];
  }
}

/** Times lookups one by one with tinybench. All must find a socket (`wanted`), or none. */
async function timed(wanted, iterations, lookup) {
  const { Bench } = await import('tinybench');
  const bench = new Bench({ iterations, time: 0, warmupIterations: WARM_UP, warmupTime: 0, throws: true });
  let i = 0;
  bench.add('lookup', () => {
    if ((lookup(i++) !== null) !== wanted)
      throw new Error(`lookup ${i} should ${wanted ? '' : 'not '}have found a socket`);
  });
  await bench.run();
  const { latency } = bench.tasks[0].result;
  return { mean: latency.mean * 1000, p50: latency.p50 * 1000, p99: latency.p99 * 1000 };
}

/** Addresses of a connection that does not exist. */
const absent = (port, i) => ['127.0.0.1', port, '127.0.0.2', 1 + (i % 60_000)];

const LOOKUPS = {
  /** The cost of a lookup that walks through all connections. */
  async walk({ port }) {
    // Each walk needs an addon with an empty index. tinybench makes one call more, to see whether it has to await.
    const unused = Array.from({ length: WALKS + WARM_UP + 1 }, freshAddon);
    const { mean, p50 } = await timed(false, WALKS, (i) => unused.pop().resolve(...absent(port, i)));
    return { mean, p50 }; // too few for a percentile
  },

  /** The newest connection, looked up in the server's 'connection' event, as the package does with each connection. */
  async newest(world) {
    const { resolve } = freshAddon();
    const times = [];
    for (let i = 0; i < WARM_UP + NEWEST; i++) {
      const sides = await world.connect((socket) => {
        const wanted = tuple(socket);
        const began = process.hrtime.bigint();
        const found = resolve(...wanted);
        times.push(Number(process.hrtime.bigint() - began) / 1000);
        if (!found) throw new Error('the newest connection was not found');
      });
      const closed = Promise.all(sides.map((side) => once(side, 'close')));
      for (const side of sides) side.destroy();
      await closed;
    }
    times.splice(0, WARM_UP);
    times.sort((a, b) => a - b);
    const at = (share) => times[Math.floor(times.length * share)];
    return { mean: times.reduce((sum, time) => sum + time) / times.length, p50: at(0.5), p99: at(0.99) };
  },

  /** The first lookup walks through all connections; the index answers all later ones, which are timed. */
  index({ sockets }) {
    const { resolve } = freshAddon();
    const tuples = sockets.map(tuple);
    resolve(...tuples[0]);
    return timed(true, 1_000, (i) => resolve(...tuples[(i * 7919) % tuples.length]));
  },

  /** A connection that does not exist, looked up when the index is complete. */
  miss({ port }) {
    const { resolve } = freshAddon();
    resolve(...absent(port, 0));
    return timed(false, 1_000, (i) => resolve(...absent(port, 1 + i)));
  },
};

module.exports = {
  name: 'lookup',
  question: 'What does finding the SOCKET of a connection cost, among how many?',
  contestants: Object.keys(LOOKUPS),
  rounds: 2,
  cases: [100, 1_000, 5_000, 10_000].map((sockets) => ({
    ...{ name: `${sockets.toLocaleString('en-US')} sockets`, sockets },
    quick: sockets === 100 ? {} : undefined,
  })),
  measures: {
    mean: { label: 'Mean', unit: 'µs per lookup', better: 'lower' },
    p50: { label: 'Median', unit: 'µs per lookup', better: 'lower', chart: false },
    p99: { label: '99th percentile', unit: 'µs per lookup', better: 'lower' },
  },
  over: 'sockets',
  goals: [
    {
      ...{ case: '10,000 sockets', measure: 'p50', contestant: 'newest', against: { case: '100 sockets' } },
      ratio: { atMost: 1.5 },
    },
  ],
  available: () => (process.platform === 'win32' ? undefined : 'only Windows has lookups'),

  async measure({ contestant, parameters }) {
    const world = new World();
    await world.open(parameters.sockets);
    return LOOKUPS[contestant](world);
  },
};
