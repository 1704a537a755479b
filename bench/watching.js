// What do looks into the system's table cost, and limits that are never reached? Both run while nothing else happens.

const path = require('node:path');
const { setTimeout } = require('node:timers/promises');
const { environment } = require('./harness/contestants.js');
const { tooMany } = require('./harness/descriptors.js');
const { start } = require('./harness/processes.js');

const WATCHED_MS = 20_000;
/** Some readings of the table, of which one is begun every 8 s or so. */
const LOOKS_MS = 2 * WATCHED_MS;
/** What comes before takes this share of the time that is watched. */
const SETTLE = 0.5;
const script = (name) => path.join(__dirname, 'watching', `${name}.js`);

async function measure({ contestant, parameters: { ask, connections, ms } }) {
  const server = start(script('server'), { args: [contestant], env: environment(contestant) });
  const peers = start(script('peers'));
  try {
    const port = await server.ask('listen');
    // Rows of the table that are not the server's: connections of the process of the peers with itself.
    if (ask === 'looks') await peers.ask('fillTable', connections);
    else await peers.ask('open', port, connections);
    if (ask === 'looks') await peers.ask('open', port, 1);
    await server.ask('begin');
    // What is compiled, and cleaned up, after so many connections were opened; and first looks, that cost more than the later ones.
    await setTimeout(SETTLE * ms);
    return await server.ask('watched', ms);
  } finally {
    await Promise.all([server.stop(), peers.stop()]);
  }
}

const LOOKS = 'a look every 100 ms, among 18,000 rows';
const IDLE = '4,000 idle connections';

module.exports = {
  name: 'watching',
  question: 'What do looks and limits cost that are never reached?',
  rounds: 3,
  contestants: ['ws-linger'],
  cases: [
    {
      ...{
        name: LOOKS,
        contestants: ['ws-linger', 'ws-linger looks'],
        ask: 'looks',
        connections: 9_000,
        ms: LOOKS_MS,
      },
      quick: { connections: 100, ms: 500 },
    },
    {
      ...{ name: IDLE, contestants: ['ws-linger', 'ws-linger maxBufferedAmount'], ask: 'idle' },
      ...{ connections: 4_000, ms: WATCHED_MS, quick: { connections: 100, ms: 500 } },
    },
  ],
  measures: {
    cpu: { label: 'CPU of the server', unit: 'ms in 10 s', better: 'lower' },
    max: { label: 'Longest delay of the event loop', unit: 'ms', better: 'lower' },
  },
  goals: [
    { case: LOOKS, measure: 'cpu', contestant: 'ws-linger looks', difference: { atMost: 100 } },
    { case: LOOKS, measure: 'max', contestant: 'ws-linger looks', difference: { atMost: 5 } },
    { case: IDLE, measure: 'cpu', contestant: 'ws-linger maxBufferedAmount', difference: { atMost: 50 } },
  ],
  available: (contestant, { connections }) =>
    contestant.endsWith('looks') && process.platform !== 'linux'
      ? 'only Linux has such a table'
      : tooMany(2 * connections),
  measure,
};
