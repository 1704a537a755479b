// How soon does a server learn that a peer is gone: one that sends RST, and one that has fallen silent?

const path = require('node:path');
const { setTimeout } = require('node:timers/promises');
const hdr = require('hdr-histogram-js');
const { EVERYWHERE, OURS, environment } = require('./harness/contestants.js');
const { tooMany } = require('./harness/descriptors.js');
const { start } = require('./harness/processes.js');

const script = (name) => path.join(__dirname, 'detection', `${name}.js`);

/** Milliseconds from what the peers did (`acts`) to when the server reported it (`ends`). */
function delays(acts, ends) {
  const reported = new Map(ends);
  const histogram = hdr.build({ numberOfSignificantValueDigits: 3 });
  for (const [port, at] of acts) {
    if (!reported.has(port)) throw new Error('the server did not report the end of a connection');
    histogram.recordValue(Math.max(0, Math.round((reported.get(port) - at) / 1000)));
  }
  if (ends.length > acts.length) throw new Error(`${ends.length - acts.length} live peers were taken for dead`);
  const at = (percentile) => histogram.getValueAtPercentile(percentile) / 1000;
  return { p50: at(50), p99: at(99), max: at(100) };
}

const MEASUREMENTS = {
  async reset(server, peers, { gone, between }) {
    const [acts, ends] = await Promise.all([peers.ask('reset', gone, between), server.ask('ends', gone)]);
    return delays(acts, ends);
  },

  /** Peers fall silent evenly spread over one heartbeat interval, since real ones do so at any time of it. */
  async silence(server, peers, { connections, gone, warmUp, beats, heartbeat: { interval } }) {
    // Not measured: the first heartbeats compile the code, what the openings left behind is collected at some time, and
    // collecting drops compiled code, so that the next heartbeat compiles some again.
    await setTimeout(interval * warmUp);
    await server.ask('usage', { collect: true });
    await setTimeout(interval);
    const before = await server.ask('usage');
    await setTimeout(interval * beats);
    const after = await server.ask('usage');
    const [acts, ends] = await Promise.all([peers.ask('fallSilent', gone, interval), server.ask('ends', gone)]);
    return { ...delays(acts, ends), cpuPerBeat: (after.cpu - before.cpu) / connections / beats };
  },
};

async function measure({ contestant, parameters }) {
  const { ask, connections, heartbeat } = parameters;
  const server = start(script('server'), {
    args: [contestant],
    env: environment(contestant),
    execArgv: ['--expose-gc'],
  });
  const peers = start(script('peers'));
  try {
    await peers.ask('open', await server.ask('listen', heartbeat), connections);
    await server.ask('connected', connections);
    return await MEASUREMENTS[ask](server, peers, parameters);
  } finally {
    await Promise.all([server.stop(), peers.stop()]);
  }
}

/** A tenth of this package's defaults. */
const heartbeat = { interval: 3_000, timeout: 1_000 };
const quick = { contestants: ['ws', 'ws-linger'], connections: 50, gone: 20 };

module.exports = {
  name: 'detection',
  question: 'How soon does a server learn that a peer is gone?',
  rounds: process.platform === 'win32' ? 2 : 3,
  contestants: ['ws', ...OURS],
  cases: [
    {
      ...{ name: 'RST, one after another of 1,000', ask: 'reset', connections: 1_000, gone: 900, between: 2 },
      quick,
    },
    {
      ...{ name: 'silence of 900 of 1,000, pinged every 3 s', ask: 'silence', connections: 1_000, gone: 900 },
      ...{
        heartbeat,
        warmUp: 14,
        beats: 8,
        quick: { ...quick, heartbeat: { interval: 300, timeout: 150 }, warmUp: 1, beats: 1 },
      },
    },
  ],
  measures: {
    p50: { label: 'Until it is told, median', unit: 'ms', better: 'lower' },
    p99: { label: 'Until it is told, 99th percentile', unit: 'ms', better: 'lower' },
    max: { label: 'Until it is told, at most', unit: 'ms', better: 'lower' },
    cpuPerBeat: { label: 'CPU of the server', unit: 'µs per connection and interval', better: 'lower' },
  },
  goals: EVERYWHERE.flatMap((contestant) => [
    { case: 'RST, one after another of 1,000', measure: 'p50', contestant, ratio: { atMost: 1.1 } },
    {
      ...{ case: 'silence of 900 of 1,000, pinged every 3 s', measure: 'max', contestant },
      value: { atMost: 1.05 * (heartbeat.interval + heartbeat.timeout) },
    },
    { case: 'silence of 900 of 1,000, pinged every 3 s', measure: 'max', contestant, ratio: { atMost: 1 } },
    { case: 'silence of 900 of 1,000, pinged every 3 s', measure: 'cpuPerBeat', contestant, ratio: { atMost: 1.1 } },
  ]),
  available: (_, { connections }) => tooMany(connections),
  measure,
};
