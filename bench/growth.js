// Does the cost of a connection grow with the number of connections? Measures parts of other questions again at several sizes.
// lookup.js measures at several sizes anyway.

const { EVERYWHERE, OURS } = require('./harness/contestants.js');
const { tooMany } = require('./harness/descriptors.js');
const { platform } = require('./harness/machine.js');
const boundedClose = require('./bounded-close.js');
const cost = require('./cost.js');
const detection = require('./detection.js');
const reset = require('./reset.js');

const windows = process.platform === 'win32';
const MIDDLE = 1_000;
const SIZES = [100, MIDDLE, windows ? 5_000 : 10_000];
/** Connections in all, the same for each size so that all are equally exact, and connections before, to warm the server up. */
const TOTAL = 2_000;
const BEFORE = platform === 'wine' ? 1_000 : 5_000;

const formatted = (size) => size.toLocaleString('en-US');
const cases = (verb, sizes, parametersOf) =>
  sizes.map((connections) => ({
    name: `${verb} ${formatted(connections)}`,
    connections,
    ...parametersOf(connections),
  }));
const waves = (connections) => ({ before: BEFORE, waves: Math.max(1, TOTAL / connections) });

/** Each part: the question it is taken from, its figures under the names that they have here, and its cases. */
const PARTS = {
  resetting: {
    question: reset,
    figures: ({ cpuPerReset, resetsPerSecond, closed }) => ({ cpuPerReset, resetsPerSecond, closed }),
    cases: cases('resetting', SIZES, (size) => ({
      ...{ state: 'idle', ...waves(size) },
      quick: size === 100 ? { before: 0, waves: 1 } : undefined,
    })),
  },
  opening: {
    question: cost,
    figures: ({ cpuPerConnection, connectionsPerSecond }) => ({ cpuPerConnection, connectionsPerSecond }),
    cases: cases('opening', SIZES, (size) => ({ ask: 'connections', contestants: ['ws', ...OURS], ...waves(size) })),
  },
  closing: {
    question: boundedClose,
    figures: ({ last, cpu }) => ({ last, cpuPerClose: cpu }),
    cases: cases('closing stalled', [100, MIDDLE, windows ? 3_000 : 10_000], () => ({
      ...boundedClose.STALLED,
      contestants: [boundedClose.WITH_OPTION, ...OURS],
    })),
  },
  detecting: {
    question: detection,
    figures: ({ p50, p99 }) => ({ toldP50: p50, toldP99: p99 }),
    cases: cases('told of RST among', SIZES, (size) => ({
      ...{ ask: 'reset', gone: Math.min(900, size * 0.9), between: 2, contestants: ['ws', ...OURS] },
    })),
  },
};

/** Goals: the largest size costs no more than the middle one, which has enough connections to be exact. */
const flat = ({ cases: [, middle, largest] }, measure) =>
  EVERYWHERE.map((contestant) => ({
    ...{ case: largest.name, against: { case: middle.name } },
    ...{ measure, contestant, ratio: { atMost: 1.25 } },
  }));

module.exports = {
  name: 'growth',
  question: 'Does a connection cost more when there are many of them?',
  contestants: ['ws terminate', ...OURS, 'bare C'],
  rounds: platform === 'wine' ? 1 : 2,
  cases: Object.entries(PARTS).flatMap(([part, { cases }]) => cases.map((kase) => ({ ...kase, part }))),
  measures: {
    cpuPerReset: { ...reset.measures.cpuPerReset, label: 'CPU of the server, resetting' },
    resetsPerSecond: reset.measures.resetsPerSecond,
    closed: reset.measures.closed,
    cpuPerConnection: { ...cost.measures.cpuPerConnection, label: 'CPU of the server, opening' },
    connectionsPerSecond: cost.measures.connectionsPerSecond,
    cpuPerClose: { ...boundedClose.measures.cpu, label: 'CPU of the server, closing stalled peers' },
    last: boundedClose.measures.last,
    toldP50: { ...detection.measures.p50, label: 'Until a RST is told, median' },
    toldP99: { ...detection.measures.p99, label: 'Until a RST is told, 99th percentile' },
  },
  /** Charts draw the figures over this parameter, in place of ratios. */
  over: 'connections',
  goals: [
    ...flat(PARTS.resetting, 'cpuPerReset'),
    ...flat(PARTS.opening, 'cpuPerConnection'),
    ...flat(PARTS.closing, 'cpuPerClose'),
    ...flat(PARTS.detecting, 'toldP50'),
  ],
  prepare: reset.prepare,
  available: (contestant, { connections }) => reset.available(contestant) ?? tooMany(connections),

  async measure({ contestant, parameters }) {
    const { question, figures } = PARTS[parameters.part];
    return figures(await question.measure({ contestant, parameters }));
  },
};
