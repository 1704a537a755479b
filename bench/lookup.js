// node scripts/windows-node.js bench/lookup.js
//
// What does finding the SOCKET of a connection cost, and does it grow with the number of open connections? Every lookup
// is timed alone. `walk` is what each lookup would cost if it looked at every connection.

const { once } = require('node:events');
const net = require('node:net');
const os = require('node:os');
const Table = require('cli-table3');
const { loadNative } = require('../dist/socket-control/load.js');

const { path, reason } = loadNative();
if (!path) throw new Error(`nothing to measure: ${reason}`);

/** The addon loaded once more, which has looked nothing up yet. */
function fresh() {
  const module = { exports: {} };
  process.dlopen(module, path);
  return module.exports;
}

const tuple = (socket) => [socket.localAddress, socket.localPort, socket.remoteAddress, socket.remotePort];

function microseconds(lookup) {
  const began = process.hrtime.bigint();
  const found = lookup();
  return { found, time: Number(process.hrtime.bigint() - began) / 1000 };
}

/** Median and 95th percentile of lookups that must all find something, or all find nothing. */
function measure(count, wanted, lookup) {
  const times = [];
  for (let i = 0; i < count; i++) {
    const { found, time } = microseconds(() => lookup(i));
    if ((found !== null) !== wanted) throw new Error(`lookup ${i} found ${found}`);
    times.push(time);
  }
  return summary(times);
}

function summary(times) {
  times.sort((a, b) => a - b);
  const at = (part) => Math.round(times[Math.floor(times.length * part)]);
  const mean = Math.round(times.reduce((sum, time) => sum + time, 0) / times.length);
  return `${mean} (${at(0.5)}, ${at(0.95)})`;
}

async function main() {
  const server = net.createServer().listen(0, '127.0.0.1', 4096);
  await once(server, 'listening');
  const { port } = server.address();
  const open = [];
  const connect = async () => {
    const accepted = once(server, 'connection');
    const client = net.connect(port, '127.0.0.1');
    const [[socket]] = await Promise.all([accepted, once(client, 'connect')]);
    for (const side of [client, socket]) side.on('error', () => {});
    open.push(client, socket);
    return socket;
  };

  const table = new Table({
    head: ['connections', 'newest', 'index', 'forced miss', 'walk'],
    style: { head: [], border: [], compact: true },
    colAligns: ['right', 'right', 'right', 'right', 'right'],
  });
  for (const size of [100, 1_000, 5_000, 10_000]) {
    while (open.length < size) await connect();

    const forNewest = fresh();
    const newest = [];
    server.on('connection', (socket) => {
      const wanted = tuple(socket);
      const { found, time } = microseconds(() => forNewest.resolve(...wanted));
      if (found) newest.push(time);
    });
    for (let i = 0; i < 100; i++) {
      await connect();
      const sides = open.splice(-2);
      const closed = Promise.all(sides.map((side) => once(side, 'close')));
      for (const side of sides) side.destroy();
      await closed;
    }
    server.removeAllListeners('connection');
    if (newest.length < 100) throw new Error(`only ${newest.length} of 100 newest were found`);

    // The oldest first asks for a walk of everything; every lookup after it is answered by the index.
    const forIndex = fresh();
    forIndex.resolve(...tuple(open[0]));
    const tuples = open.map(tuple);
    const index = measure(1_000, true, (i) => forIndex.resolve(...tuples[(i * 7919) % size]));

    const nobody = (i) => ['127.0.0.1', port, '127.0.0.2', 1 + i];
    const forMisses = fresh();
    forMisses.resolve(...nobody(0));
    const misses = measure(1_000, false, (i) => forMisses.resolve(...nobody(1 + i)));
    const walk = measure(3, false, () => fresh().resolve(...nobody(0)));
    table.push([open.length, summary(newest), index, misses, walk]);
  }
  console.log(
    `µs per lookup: mean (median, 95th percentile). Node ${process.versions.node}, ${os.cpus()[0]?.model ?? 'an unknown CPU'}`,
  );
  console.log(table.toString());
  process.exit();
}

main();
