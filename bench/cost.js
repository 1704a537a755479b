// What does a connection cost while all is well: throughput, CPU, memory and load time, beside plain ws and other libraries?
// The server runs in a process of its own, the clients run in this one.

const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { setTimeout } = require('node:timers/promises');
const { awake, openSockets, resetAll } = require('./harness/clients.js');
const { EVERYWHERE, OURS, bunBinary, environment, unavailable } = require('./harness/contestants.js');
const { platform } = require('./harness/machine.js');
const { makePacked, packed } = require('./harness/packed.js');
const { start } = require('./harness/processes.js');
const { echo } = require('./cost/echo.js');
const { installedSize } = require('./cost/installed-size.js');

const few = ['ws', ...OURS];
const all = [...few, 'websocket', 'faye-websocket', 'engine.io', 'bun'];

function startServer(contestant) {
  const script = path.join(__dirname, 'processes', 'echo-server.js');
  const options = { args: [contestant], env: environment(contestant) };
  if (contestant !== 'bun') return start(script, { ...options, execArgv: ['--expose-gc'] });
  return start(script, { ...options, execPath: bunBinary(), execArgv: [] });
}

/** `before`: connections opened and closed first, so that the server's code is compiled. Everything takes longer under Wine. */
const WARM = platform === 'wine' ? { before: 2_000, waves: 2 } : { before: 10_000, waves: 5 };
const WARM_UP_WAVE = 1_000;
/** A server is idle when it uses less than `cpu` µs in `interval` ms, twice in a row. */
const IDLE = { interval: 30, cpu: 1_000, checks: 100 };

/** Resets the sockets, and resolves once the server has handled that and is idle. */
async function end(server, sockets) {
  await resetAll(sockets);
  let { cpu } = await server.ask('usage');
  for (let checks = 0, idle = 0; idle < 2 && checks < IDLE.checks; checks++) {
    await setTimeout(IDLE.interval);
    const now = await server.ask('usage');
    idle = now.cpu - cpu < IDLE.cpu ? idle + 1 : 0;
    cpu = now.cpu;
  }
}

/** Opens waves of connections and measures the rate and the server's CPU. */
async function connections(server, port, { connections, waves, before }) {
  const few = Math.min(connections, WARM_UP_WAVE);
  for (let made = 0; made < before; made += few) await end(server, await openSockets(port, few));
  const figures = { cpuPerConnection: 0, connectionsPerSecond: 0 };
  for (let wave = 0; wave < waves; wave++) {
    const usage = await server.ask('usage');
    const began = performance.now();
    const sockets = await awake(() => openSockets(port, connections));
    const seconds = (performance.now() - began) / 1000;
    const { cpu } = await server.ask('usage');
    figures.cpuPerConnection += (cpu - usage.cpu) / connections / waves;
    figures.connectionsPerSecond += connections / seconds / waves;
    await end(server, sockets);
  }
  return figures;
}

/** Measures the memory of connections that are open and idle. */
async function idle(server, port, { connections }) {
  // The first connections load and compile code, which is not memory of a connection.
  await end(server, await openSockets(port, 100));
  const before = await server.ask('usage', true);
  const sockets = await openSockets(port, connections);
  const after = await server.ask('usage', true);
  await resetAll(sockets);
  return {
    heapPerConnection: (after.heapUsed - before.heapUsed) / connections,
    rssPerConnection: (after.rss - before.rss) / connections,
  };
}

/** Measures the time to load the package, in a process that has loaded nothing else. */
function startUp(contestant) {
  const module = packed(contestant === 'ws' ? 'ws-upstream' : 'ws-linger');
  const script = path.join(__dirname, 'processes', 'start-up.js');
  const output = execFileSync(process.execPath, [script, module], { env: environment(contestant), encoding: 'utf8' });
  return { startUp: Number(output) };
}

const MEASUREMENTS = { echo, connections, idle };

module.exports = {
  name: 'cost',
  question: 'What does a connection cost while all is well?',
  contestants: all,
  cases: [
    {
      ...{ name: '16 B over 1 connection', ask: 'echo', size: 16, connections: 1, inFlight: 16, seconds: 1.5 },
      ...{ contestants: few, quick: { seconds: 0.1 } },
    },
    { name: '16 B over 100', ask: 'echo', size: 16, connections: 100, inFlight: 2, seconds: 1.5, contestants: few },
    { name: '1 KB over 1 connection', ask: 'echo', size: 1024, connections: 1, inFlight: 16, seconds: 1.5 },
    {
      ...{ name: '1 KB over 100', ask: 'echo', size: 1024, connections: 100, inFlight: 2, seconds: 1.5 },
      quick: { connections: 10, seconds: 0.1 },
    },
    {
      ...{ name: '64 KB over 1 connection', ask: 'echo', size: 65_536, connections: 1, inFlight: 16, seconds: 1.5 },
      contestants: few,
    },
    {
      ...{ name: '64 KB over 100', ask: 'echo', size: 65_536, connections: 100, inFlight: 2, seconds: 1.5 },
      contestants: few,
    },
    {
      ...{ name: 'opening connections', ask: 'connections', connections: 1_000, ...WARM },
      quick: { connections: 50, before: 50, waves: 1, contestants: few },
    },
    // Includes the compilation of the code that handles them.
    {
      ...{ name: 'opening the first 1,000 of a process', ask: 'connections', connections: 1_000, before: 0, waves: 1 },
      contestants: few,
    },
    {
      ...{ name: 'idle connections', ask: 'idle', connections: 2_000 },
      quick: { connections: 100, contestants: few },
    },
    { name: 'loading', ask: 'startUp', contestants: few, quick: {} },
    { name: 'installing', ask: 'size', contestants: ['ws', 'ws-linger'], rounds: 1, quick: {} },
  ],
  measures: {
    messagesPerSecond: { label: 'Throughput', unit: 'messages/s', better: 'higher' },
    cpuPerMessage: { label: 'CPU of the server', unit: 'µs per message', better: 'lower' },
    latencyP50: { label: 'Round trip, median', unit: 'µs', better: 'lower' },
    latencyP99: { label: 'Round trip, 99th percentile', unit: 'µs', better: 'lower' },
    connectionsPerSecond: { label: 'Connection rate', unit: 'connections/s', better: 'higher' },
    cpuPerConnection: { label: 'CPU of the server', unit: 'µs per connection', better: 'lower' },
    heapPerConnection: { label: 'Heap', unit: 'bytes per idle connection', better: 'lower' },
    rssPerConnection: { label: 'Resident memory', unit: 'bytes per idle connection', better: 'lower' },
    startUp: { label: 'Time to load', unit: 'ms', better: 'lower' },
    kilobytes: { label: 'Installed, with all dependencies', unit: 'KB', better: 'lower', chart: false },
    packages: { label: 'Installed', unit: 'packages', better: 'lower', chart: false },
  },
  goals: EVERYWHERE.flatMap((contestant) => [
    { measure: 'messagesPerSecond', contestant, ratio: { atLeast: 0.98 } },
    { measure: 'connectionsPerSecond', contestant, ratio: { atLeast: 0.95 } },
    { measure: 'heapPerConnection', contestant, difference: { atMost: 600 } },
    { measure: 'startUp', contestant, ratio: { atMost: 1.25 } },
  ]),

  prepare: makePacked,

  available(contestant, { ask }) {
    if (ask === 'size' && process.env.WS_LINGER_BENCH_WINE)
      return 'its size is the same everywhere, and npm measures it';
    return unavailable(contestant);
  },

  async measure({ contestant, parameters }) {
    if (parameters.ask === 'startUp') return startUp(contestant);
    if (parameters.ask === 'size') return installedSize(contestant);
    const server = startServer(contestant);
    try {
      return await MEASUREMENTS[parameters.ask](server, await server.ask('listen'), parameters);
    } finally {
      await server.stop();
    }
  },
};
