// How long does it take to end a server with thousands of connections, as for a restart, and which messages are lost?

const path = require('node:path');
const { EVERYWHERE, OURS, environment } = require('./harness/contestants.js');
const { tooMany } = require('./harness/descriptors.js');
const { start } = require('./harness/processes.js');

const script = (name) => path.join(__dirname, 'drain', `${name}.js`);

async function measure({ contestant, parameters }) {
  const { connections, stalled = 0, downloads, small, large, closeTimeout } = parameters;
  const server = start(script('server'), { args: [contestant], env: environment(contestant) });
  const peers = start(script('peers'));
  try {
    const port = await server.ask('listen', closeTimeout ? { closeTimeout, linger: { closeTimeout } } : {});
    await peers.ask('open', port, { connections, stalled, downloads });
    await server.ask('connected', connections);
    const talking = peers.ask('talk', 200);
    await server.ask('queue', small, large);
    const [drained] = await Promise.all([server.ask('drain'), talking]);
    return { ...drained, ...(await peers.ask('outcome', { small, large })) };
  } finally {
    await Promise.all([server.stop(), peers.stop()]);
  }
}

const windows = process.platform === 'win32';
const many = windows ? 2_000 : 10_000;
const formatted = many.toLocaleString('en-US');
const common = {
  connections: many,
  small: { count: 20, size: 1_000 },
  large: { count: 16, size: 250_000 },
  downloads: many / 100,
};
const quick = { contestants: ['ws', 'ws-linger'], connections: 100, downloads: 1, closeTimeout: 300 };

module.exports = {
  name: 'drain',
  question: 'How long does it take to end a server with thousands of connections, and what is lost?',
  rounds: 2,
  timeout: 180_000,
  contestants: ['ws', 'ws terminate() after 10 s', 'ws http-terminator', ...OURS, 'ws-linger spread over 2 s'],
  cases: [
    {
      name: `${formatted} peers, all reading`,
      ...common,
      quick: { ...quick, contestants: ['ws', 'ws http-terminator', 'ws-linger'] },
    },
    {
      name: `${formatted} peers, one in twenty stalled`,
      ...common,
      stalled: many / 20,
      rounds: 1,
      quick: { ...quick, stalled: 5 },
    },
  ],
  measures: {
    ended: { label: 'Until all have ended', unit: 'ms', better: 'lower' },
    lost: { label: 'Messages to peers that read, sent before and lost', unit: 'messages', better: 'lower' },
    told: { label: 'Peers that read and were told 1001', unit: '% of them', better: 'higher' },
    delayMax: { label: 'Delay of the event loop, at most', unit: 'ms', better: 'lower' },
    cpu: { label: 'CPU of the server', unit: 'µs per connection', better: 'lower' },
  },
  goals: EVERYWHERE.flatMap((contestant) => [
    { measure: 'ended', contestant, value: { atMost: 10_000 } },
    { measure: 'lost', contestant, value: { atMost: 0 } },
    { measure: 'told', contestant, value: { atLeast: 100 } },
    { measure: 'ended', contestant, ratio: { atMost: 1.25 } },
  ]),
  available: (_, { connections }) => tooMany(connections),
  measure,
};
