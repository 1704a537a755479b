// Does the cost of a connection grow with the number of them? Other questions, asked again at several sizes. The lookup,
// which is asked at several sizes anyway, is in lookup.js.

const { EVERYWHERE, OURS } = require('./harness/contestants.js');
const { platform } = require('./harness/machine.js');
const cost = require('./cost.js');
const reset = require('./reset.js');

const LARGEST = 10_000;
/** One process of Wine's holds both ends of every connection, and may not have more than 20,000 files. */
const LARGEST_OF_WINE = 5_000;
const MIDDLE = 1_000;
const SIZES = [100, MIDDLE, platform === 'wine' ? LARGEST_OF_WINE : LARGEST];
/** So many in all, and so many before, that one size is as exact, and as warm, as another. */
const TOTAL = 2_000;
const BEFORE = platform === 'wine' ? 1_000 : 5_000;

const shown = (size) => size.toLocaleString('en-US');

const casesOf = (verb, parameters) =>
  SIZES.map((connections) => ({
    name: `${verb} ${shown(connections)}`,
    ...parameters,
    ...{
      connections,
      waves: Math.max(1, TOTAL / connections),
      warmUp: Math.round(BEFORE / connections),
    },
    quick: connections === 100 && parameters.of === 'reset' ? { waves: 1, warmUp: 0 } : undefined,
  }));

/** The largest is to cost no more than the middle one, which has enough of them to be exact. */
const flat = (verb, measure) =>
  [LARGEST, LARGEST_OF_WINE].flatMap((size) =>
    EVERYWHERE.map((contestant) => ({
      ...{ case: `${verb} ${shown(size)}`, against: { case: `${verb} ${shown(MIDDLE)}` } },
      ...{ measure, contestant, ratio: { atMost: 1.25 } },
    })),
  );

module.exports = {
  name: 'growth',
  question: 'Does a connection cost more when there are many of them?',
  contestants: ['ws terminate', ...OURS, 'bare C'],
  rounds: platform === 'wine' ? 2 : 3,
  cases: [
    ...casesOf('resetting', { of: 'reset', state: 'idle' }),
    ...casesOf('opening', { of: 'cost', ask: 'connections', contestants: ['ws', ...OURS] }),
  ],
  measures: {
    cpuPerReset: { ...reset.measures.cpuPerReset, label: 'CPU of the server, resetting' },
    resetsPerSecond: reset.measures.resetsPerSecond,
    cpuPerConnection: { ...cost.measures.cpuPerConnection, label: 'CPU of the server, opening' },
    connectionsPerSecond: cost.measures.connectionsPerSecond,
  },
  /** Drawn as figures over this parameter, not as ratios. */
  over: 'connections',
  goals: [...flat('resetting', 'cpuPerReset'), ...flat('opening', 'cpuPerConnection')],
  prepare: reset.prepare,
  available: reset.available,
  measure: ({ contestant, parameters }) => ({ cost, reset })[parameters.of].measure({ contestant, parameters }),
};
