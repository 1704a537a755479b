// The six charts and the table of ratios of docs/benchmarks.md: figures of Linux, picked from the questions.

const { dots, coloursOf, toSvg } = require('./charts.js');
const { number, times, timesSpread } = require('./format.js');
const { kept } = require('./results.js');
const { rowsOf } = require('./statistics.js');

const PLATFORM = 'linux';

/** A case of a question, as this page names it, and the contestants that are shown. */
const pick = (question, measure, kase, name, contestants = ['ws', 'ws-linger']) => ({
  ...{ question, measure, kase, name, contestants },
});

const CLOSES = ['ws', 'ws closeTimeout 2 s', 'ws-linger'];
const DRAINS = ['ws', 'ws terminate() after 10 s', 'ws http-terminator', 'ws-linger'];
const RESETS = ['ws terminate', 'ws resetAndDestroy', 'ws-linger'];
const SILENCE = 'silence of 900 of 1,000, pinged every 3 s';

const CHARTS = {
  closing: {
    title: 'Until the last connection has ended',
    unit: 'ms',
    picks: [
      pick('bounded-close', 'last', '10,000 stalled', 'close() of 10,000 stalled peers', CLOSES),
      pick('bounded-close', 'last', '10,000 black-holed', 'close() of 10,000 vanished peers', CLOSES),
      pick('drain', 'ended', '10,000 peers, one in twenty stalled', 'shutdown, one peer in twenty stalled', DRAINS),
      pick('drain', 'ended', '10,000 peers, all reading', 'shutdown, all peers reading', DRAINS),
    ],
  },
  lost: {
    title: 'Messages lost in a shutdown of 10,000 peers',
    unit: 'messages',
    picks: [
      pick('drain', 'lost', '10,000 peers, one in twenty stalled', 'one peer in twenty stalled', DRAINS),
      pick('drain', 'lost', '10,000 peers, all reading', 'all peers reading', DRAINS),
    ],
  },
  connection: {
    title: 'Cost of a connection',
    ratio: true,
    picks: [
      pick('cost', 'cpuPerMessage', '1 KB over 100', 'CPU per message of 1 KB'),
      pick('cost', 'cpuPerConnection', 'opening connections', 'CPU per new connection'),
      pick('cost', 'cpuPerConnection', 'opening the first 1,000 of a process', 'the same, first 1,000 of a process'),
      pick('cost', 'heapPerConnection', 'idle connections', 'heap per idle connection'),
      pick('cost', 'rssPerConnection', 'idle connections', 'resident memory per idle connection'),
    ],
  },
  ends: {
    title: 'CPU of ending a connection by RST or destroy',
    unit: 'µs per connection',
    picks: [
      pick('reset', 'cpuPerReset', 'idle', 'idle', RESETS),
      pick('reset', 'cpuPerReset', 'with unread input', 'with unread input', RESETS),
      pick('reset', 'cpuPerReset', 'with 1 MB that the peer does not take', 'peer does not read', RESETS),
      pick('reset', 'cpuPerReset', 'over TLS', 'over TLS', RESETS),
    ],
  },
  silence: {
    title: 'Until a silent peer is told, pinged every 3 s',
    unit: 'ms',
    picks: [
      pick('detection', 'p50', SILENCE, 'median'),
      pick('detection', 'p99', SILENCE, '99th percentile'),
      pick('detection', 'max', SILENCE, 'at most'),
    ],
  },
  storm: {
    title: 'Echo of the others, 99th percentile',
    unit: 'ms',
    picks: [
      pick('storm', 'calm', '10,000 resets', 'before'),
      pick('storm', 'p99', '1,000 resets', 'while 1,000 reset'),
      pick('storm', 'p99', '10,000 resets', 'while 10,000 reset'),
    ],
  },
};

/** A contestant has the same colour in each chart. */
const EVERYBODY = [...new Set(Object.values(CHARTS).flatMap(({ picks }) => picks.flatMap((one) => one.contestants)))];

/** What the table has besides the charts' rows. */
const ALSO = [
  pick('cost', 'messagesPerSecond', '1 KB over 100', 'throughput, 1 KB over 100 connections'),
  pick('cost', 'latencyP50', '1 KB over 1 connection', 'round trip of 1 KB'),
  pick('cost', 'startUp', 'loading', 'loading the package'),
];

const resultOf = (question) => kept(question).find(({ platform }) => platform === PLATFORM);

/** The rows of a pick, one for each of its contestants that was measured. */
function rowsOfPick({ question, measure, kase, contestants }) {
  const rows = rowsOf(resultOf(question), measure).filter((row) => row.case.name === kase);
  if (rows.length === 0) throw new Error(`bench/results has no ${measure} of ${question}, ${kase}`);
  return contestants.flatMap((name) => rows.filter(({ contestant }) => contestant === name));
}

const shapeOf = (name, { contestant, median, min, max }) => ({ case: name, contestant, median, min, max });

/** A chart as SVG. */
async function drawChart(name) {
  const { title, unit, ratio, picks } = CHARTS[name];
  const rows = picks.flatMap((one) =>
    rowsOfPick(one).flatMap((row) => {
      if (!ratio) return [shapeOf(one.name, row)];
      return row.ratio ? [shapeOf(one.name, { ...row, ...row.ratio })] : [];
    }),
  );
  const [reference] = picks[0].contestants;
  const colourOf = coloursOf([reference, ...EVERYBODY]);
  const text = { text: title, subtitle: `${ratio ? 'times ws' : unit}, lower is better` };
  return toSvg([dots(text, ratio ? 'times ws' : unit, rows, colourOf, { reference: ratio })]);
}

/** When the figures of a chart were measured, and of what. */
function captionOf(name) {
  const questions = [...new Set(CHARTS[name].picks.map(({ question }) => question))];
  return questions
    .map((question) => resultOf(question))
    .map(({ name: asked, date, commit }) => `[${asked}](benchmarks/${asked}.md) of ${date}, commit ${commit}`)
    .join('; ');
}

function ratioRow({ measures }, one) {
  const rows = rowsOfPick(one);
  const ours = rows.find(({ contestant }) => contestant === 'ws-linger');
  const { unit } = measures[one.measure];
  const plain = rows[0];
  const ratio = ours.ratio ? [times(ours.ratio.median), timesSpread(ours.ratio)] : ['', ''];
  return `| ${[one.name, unit, number(plain.median), number(ours.median), ...ratio].join(' | ')} |`;
}

/** The table of ratios to the first contestant, which is ws or what ws has for it. */
function table() {
  const picks = Object.entries(CHARTS).flatMap(([name, { picks }]) => picks.map((one) => [name, one]));
  const rows = [...picks, ...ALSO.map((one) => ['connection', one])].map(([name, one]) => {
    const prefix =
      { ends: 'an end, ', silence: 'silence told, ', storm: 'echo, ', lost: 'lost in a shutdown, ' }[name] ?? '';
    return ratioRow(require(`../${one.question}.js`), { ...one, name: `${prefix}${one.name}` });
  });
  return `| | unit | ws | ws-linger | ratio | from – to |
| --- | --- | ---: | ---: | ---: | ---: |
${rows.join('\n')}
`;
}

module.exports = { CHARTS, captionOf, drawChart, table };
