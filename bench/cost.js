// What does it cost that connections always end? Servers in a process of their own, clients in this one.

const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { setTimeout } = require('node:timers/promises');
const { awake, openSockets, resetAll } = require('./harness/clients.js');
const { EVERYWHERE, OURS, bunBinary, environment, unavailable } = require('./harness/contestants.js');
const { platform } = require('./harness/machine.js');
const { start } = require('./harness/processes.js');
const { echo } = require('./cost/echo.js');
const { installedSize } = require('./cost/installed-size.js');

const few = ['ws', ...OURS];
const everybody = [...few, 'websocket', 'faye-websocket', 'engine.io', 'bun'];

function startServer(contestant) {
  const script = path.join(__dirname, 'processes', 'echo-server.js');
  const options = { args: [contestant], env: environment(contestant) };
  if (contestant !== 'bun') return start(script, { ...options, execArgv: ['--expose-gc'] });
  return start(script, { ...options, execPath: bunBinary(), execArgv: [] });
}

/** So many come and go before, as at a server that has run for a while; everything takes longer under Wine. */
const WARM = platform === 'wine' ? { before: 2_000, waves: 2 } : { before: 10_000, waves: 5 };
const WARM_UP_WAVE = 1_000;
const ENDED = { lookEvery: 30, cpu: 1_000, looks: 100 };

/** Ends them, and resolves once the server has done all that it does about that: its CPU rests. */
async function end(server, sockets) {
  await resetAll(sockets);
  let { cpu } = await server.ask('usage');
  for (let looks = 0, rests = 0; rests < 2 && looks < ENDED.looks; looks++) {
    await setTimeout(ENDED.lookEvery);
    const now = await server.ask('usage');
    rests = now.cpu - cpu < ENDED.cpu ? rests + 1 : 0;
    cpu = now.cpu;
  }
}

/** Connections that are opened and stay, wave after wave. */
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

async function idle(server, port, { connections }) {
  // What a first connection loads and compiles is not what each one holds.
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

/** Asked of a process that has loaded nothing else. */
function startUp(contestant) {
  const module = contestant === 'ws' ? 'ws-upstream' : '../..';
  const script = path.join(__dirname, 'processes', 'start-up.js');
  const output = execFileSync(process.execPath, [script, module], { env: environment(contestant), encoding: 'utf8' });
  return { startUp: Number(output) };
}

const ASKED = { echo, connections, idle };

module.exports = {
  name: 'cost',
  question: 'What does a connection cost while all is well?',
  contestants: everybody,
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
    // What they are made by is compiled meanwhile.
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
  ]),

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
      return await ASKED[parameters.ask](server, await server.ask('listen'), parameters);
    } finally {
      await server.stop();
    }
  },
};
