// When thousands of peers reset at once, how much slower is the server for the others?

const path = require('node:path');
const { EVERYWHERE, OURS, environment } = require('./harness/contestants.js');
const { tooMany } = require('./harness/descriptors.js');
const { start } = require('./harness/processes.js');

const LOGGING = 'ws-linger debug log';
const HEALTHY = 100;
const MB = 2 ** 20;
const script = (name) => path.join(__dirname, 'storm', `${name}.js`);

async function measure({ contestant, parameters }) {
  const { warmUp, connections, ms, interval } = parameters;
  const server = start(script('server'), {
    args: [contestant],
    env: environment(contestant),
    execArgv: ['--expose-gc'],
  });
  const [peers, healthy] = ['peers', 'healthy'].map((name) => start(script(name)));
  try {
    const port = await server.ask('listen');
    // Warms the server up: the first ends compile the code that handles later ones.
    await peers.ask('open', port, warmUp);
    await Promise.all([server.ask('ended', warmUp), peers.ask('reset')]);
    await healthy.ask('open', port, HEALTHY);
    const empty = await server.ask('usage', { collect: true });
    await peers.ask('open', port, connections);
    await server.ask('connected', connections + HEALTHY);
    await healthy.ask('echo', ms, interval);
    const rested = await server.ask('usage');
    const before = await healthy.ask('echo', ms, interval);
    const echoed = await server.ask('usage');
    await server.ask('usage', { collect: true });
    await server.ask('watch');
    const during = healthy.ask('echo', ms, interval);
    const [took, { p50, p99, max }] = await Promise.all([server.ask('ended', connections), during, peers.ask('reset')]);
    const { cpu, peak, ...delays } = await server.ask('recorded');
    const { held } = await server.ask('usage', { collect: true });
    return {
      ...{ calm: before.p99, p50, p99, max, ...delays, took },
      ...{ cpu: (cpu - (echoed.cpu - rested.cpu)) / connections, peak: peak / MB, left: (held - empty.held) / MB },
    };
  } finally {
    await server.ask('stop').catch(() => {});
    await Promise.all([server.stop(), peers.stop(), healthy.stop()]);
  }
}

const windows = process.platform === 'win32';
const echoes = { ms: 2_000, interval: 50, warmUp: windows ? 1_000 : 4_000 };
const quick = { contestants: ['ws', 'ws-linger', LOGGING], warmUp: 10, connections: 100, ms: 400 };

module.exports = {
  name: 'storm',
  question: `When thousands of peers reset at once, what do ${HEALTHY} notice that go on?`,
  rounds: windows ? 2 : 3,
  contestants: ['ws', ...OURS, LOGGING],
  cases: [
    { name: '1,000 resets', connections: 1_000, ...echoes, quick },
    windows
      ? { name: '3,000 resets', connections: 3_000, ...echoes }
      : { name: '10,000 resets', connections: 10_000, ...echoes },
  ],
  measures: {
    calm: { label: 'Echo before, 99th percentile', unit: 'ms', better: 'lower' },
    p50: { label: 'Echo, median', unit: 'ms', better: 'lower', chart: false },
    p99: { label: 'Echo, 99th percentile', unit: 'ms', better: 'lower' },
    max: { label: 'Echo, at most', unit: 'ms', better: 'lower' },
    delayP99: { label: 'Delay of the event loop, 99th percentile', unit: 'ms', better: 'lower', chart: false },
    delayMax: { label: 'Delay of the event loop, at most', unit: 'ms', better: 'lower' },
    took: { label: "From the first 'close' to the last", unit: 'ms', better: 'lower' },
    cpu: { label: 'CPU of the server, without what echoes cost before', unit: 'µs per reset', better: 'lower' },
    peak: { label: 'Heap and buffers at most, beyond those before', unit: 'MB', better: 'lower' },
    left: { label: 'Heap and buffers afterwards, beyond those before they came', unit: 'MB', better: 'lower' },
  },
  goals: [...EVERYWHERE, LOGGING].map((contestant) => ({ measure: 'p99', contestant, ratio: { atMost: 1.25 } })),
  available: (_, { connections }) => tooMany(connections + HEALTHY),
  measure,
};
