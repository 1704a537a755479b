/** Renders the result of a run as one HTML page that loads no other file, for screens, phones and paper. Pure. */
import { type Bar, columnChart, escaped, type Point, rowChart, type TimeScale, timeChart } from './charts';
import { SCENARIOS } from './plan';
import { STYLE } from './report-style';
import { outagesText, type StabilityResult, serverName, slowPeersText } from './result';
import { type Soak, soakSentence } from './soak';
import type { StabilitySample } from './timeline';

/**
 * Renders a result as an HTML page, and a second result beside it where one is given. The page loads no other file.
 * Both results are drawn to the same scales.
 */
export function renderReport(result: StabilityResult, compared?: StabilityResult): string {
  const results = compared ? [result, compared] : [result];
  const scales = scalesOf(results);
  const { platform, node, seed, startedAt } = result;
  const when = startedAt.replace('T', ' ').replace(/\..*/, ' UTC');
  const about = `${when}, Node ${node} on ${platform}, seed ${seed}, mix ${mixOf(result)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>WebSocket stability: ${verdictOf(result)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>WebSocket stability</h1>
<p>${escaped(about)}</p>
</header>
<main class="${compared ? 'two' : 'one'}">
${results.map((one) => column(one, scales)).join('\n')}
</main>
</body>
</html>
`;
}

/** The scales of the charts. Two results share them, so that their charts can be compared. */
interface Scales {
  /** The largest count of a kind. */
  kinds: number;
  /** The upper limits of the histogram's columns, without the empty ones at its ends, in ms, and the largest count. */
  limits: readonly number[];
  closed: number;
  /** The duration of the longer run, in ms, and the largest value of each chart over time. */
  span: number;
  peaks: Record<keyof typeof OVER_TIME, number>;
}

/** The charts over time. */
const OVER_TIME = {
  'Connections open': (run: StabilityResult): Point[] => run.timeline.map(({ atMs, open }) => ({ x: atMs, y: open })),
  'Messages per second': (run: StabilityResult): Point[] => rates(run.timeline, 'messages'),
  'Ends per second': (run: StabilityResult): Point[] => rates(run.timeline, 'ended'),
} as const;

function scalesOf(results: readonly StabilityResult[]): Scales {
  const used = results.flatMap(({ closeHistogram }) => closeHistogram.filter(({ count }) => count > 0));
  const first = Math.min(...used.map(({ underMs }) => underMs));
  const longest = results.map(({ closeHistogram }) => closeHistogram).sort((a, b) => b.length - a.length)[0] ?? [];
  const peak = (points: (run: StabilityResult) => Point[]) => Math.max(0, ...results.flatMap(points).map(({ y }) => y));
  return {
    kinds: Math.max(0, ...results.flatMap(({ ends }) => Object.values(ends).flatMap(Object.values<number>))),
    limits: longest.map(({ underMs }) => underMs).filter((limit) => limit >= first),
    closed: Math.max(0, ...used.map(({ count }) => count)),
    span: Math.max(1, ...results.map(({ durationMs }) => durationMs)),
    peaks: {
      'Connections open': peak(OVER_TIME['Connections open']),
      'Messages per second': peak(OVER_TIME['Messages per second']),
      'Ends per second': peak(OVER_TIME['Ends per second']),
    },
  };
}

/** Renders one result as a column of the page. */
function column(result: StabilityResult, scales: Scales): string {
  const { ends, soak, problems } = result;
  const { span, peaks } = scales;
  const names = Object.keys(OVER_TIME) as (keyof typeof OVER_TIME)[];
  const sections = [
    tiles(result),
    section(
      'How connections ended',
      kinds('reported by the server', ends.server, scales) + kinds('reported by the clients', ends.client, scales),
    ),
    section('How long connections took to end', closeTimes(result, scales) + scenarioTable(result)),
    section(
      'Timeline',
      names.map((name) => overTime(name, OVER_TIME[name](result), { span, max: peaks[name] })).join(''),
    ),
    soak && section('Memory', soakFigures(soak, span)),
    problems.length > 0 &&
      section('Problems', `<ul>${problems.map((one) => `<li>${escaped(one)}</li>`).join('')}</ul>`),
  ];
  const verdict = verdictOf(result);
  const heading = `${escaped(serverName(result))} <span class="verdict ${verdict}">${verdict}</span>`;
  return `<article>\n<h2>${heading}</h2>\n${sections.filter(Boolean).join('\n')}\n</article>`;
}

function verdictOf({ interrupted, pass }: StabilityResult): 'interrupted' | 'pass' | 'fail' {
  if (interrupted) return 'interrupted';
  return pass ? 'pass' : 'fail';
}

function overTime(name: string, points: readonly Point[], scale: TimeScale): string {
  return `<h3>${name.toLowerCase()}</h3>${timeChart(`${name} over time`, points, scale)}`;
}

function tiles(result: StabilityResult): string {
  const { connections, reconnects, messages, slowPeers, successRate, unexplained, uncaught, leaked, closeMs, rounds } =
    result;
  const left =
    leaked.clients === null && leaked.handles === null ? null : (leaked.clients ?? 0) + (leaked.handles ?? 0);
  const all: [string, string, boolean][] = [
    ['connections', String(connections.attempted), false],
    ['ended as expected', `${Number((successRate * 100).toFixed(1))} %`, successRate < 1],
    ['messages lost', messages.echo ? `${messages.lost} of ${messages.sent}` : 'not visible', messages.lost > 0],
    ['messages delivered to slow peers', slowPeersText(result), slowPeers.delivered < slowPeers.sent],
    ['unexplained ends', String(unexplained), unexplained > 0],
    ['uncaught errors', String(uncaught), uncaught > 0],
    ['connections and handles left', left === null ? 'not visible' : String(left), (left ?? 0) > 0],
    ['time to end, 99th percentile', time(closeMs.p99), false],
    ['duration of the run', time(result.durationMs), false],
  ];
  if (result.outages) all.push(['outages', outagesText(result.outages), false]);
  if (rounds > 1) all.push(['rounds', String(rounds), false]);
  if (reconnects > 0) all.push(['reconnects', String(reconnects), false]);
  const items = all.map(
    ([name, value, bad]) => `<div${bad ? ' class="bad"' : ''}><dt>${name}</dt><dd>${escaped(value)}</dd></div>`,
  );
  return `<dl class="tiles">${items.join('')}</dl>`;
}

function kinds(side: string, counted: Record<string, number>, scales: Scales): string {
  const rows: Bar[] = Object.entries(counted)
    .sort(([, a], [, b]) => b - a)
    .map(([label, value]) => ({ label, value, bad: label === 'unknown' || label === '1006' }));
  return rows.length === 0 ? '' : `<h3>${side}</h3>${rowChart(`Ends by kind, ${side}`, rows, scales.kinds)}`;
}

function closeTimes({ closeHistogram }: StabilityResult, { limits, closed }: Scales): string {
  const bars = limits.map((limit) => ({
    label: limit < 1_000 ? String(limit) : `${limit / 1_000} s`,
    value: closeHistogram.find(({ underMs }) => underMs === limit)?.count ?? 0,
  }));
  const title = 'Number of connections by their time to end';
  return `<h3>number of connections that ended in less than … ms</h3>${columnChart(title, bars, closed)}`;
}

function scenarioTable({ scenarios }: StabilityResult): string {
  const rows = SCENARIOS.map((name) => {
    const ended = scenarios[name];
    if (!ended) return '';
    const { p50, p99, max } = ended.closeMs;
    const cells = [ended.connections, time(p50), time(p99), time(max)].map((cell) => `<td>${cell}</td>`);
    return `<tr><th scope="row">${name}</th>${cells.join('')}</tr>`;
  });
  return (
    '<table><thead><tr><th scope="col">scenario</th><th scope="col">count</th><th scope="col">median</th>' +
    `<th scope="col">99th</th><th scope="col">longest</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
  );
}

function soakFigures(soak: Soak, span: number): string {
  const { rounds, verdict } = soak;
  const heap = rounds.flatMap(({ atMs, heapBytes }) =>
    heapBytes === null ? [] : [{ x: atMs, y: heapBytes / 2 ** 20 }],
  );
  const handles = rounds.map(({ atMs, handles }) => ({ x: atMs, y: handles }));
  const peak = (points: readonly Point[]) => Math.max(0, ...points.map(({ y }) => y));
  const ofHeap = { span, max: peak(heap), name: (y: number) => `${y} MiB` };
  return (
    `<p class="${verdict === 'growing' ? 'bad' : ''}">${escaped(soakSentence(soak))}</p>` +
    (heap.length > 0 ? overTime('Heap of the server after each round', heap, ofHeap) : '') +
    overTime('Open handles after each round', handles, { span, max: peak(handles) })
  );
}

function section(title: string, content: string): string {
  return `<section>\n<h3 class="title">${title}</h3>\n${content}\n</section>`;
}

/** The growth of a count per second, from sample to sample. Skips a sample that follows another too soon for a rate. */
function rates(timeline: StabilityResult['timeline'], count: 'messages' | 'ended'): Point[] {
  let before = timeline[0];
  return timeline.flatMap((sample) => {
    const ms = sample.atMs - (before as StabilitySample).atMs;
    if (ms < 100) return [];
    const y = ((sample[count] - (before as StabilitySample)[count]) * 1_000) / ms;
    before = sample;
    return [{ x: sample.atMs, y }];
  });
}

function mixOf({ mix }: StabilityResult): string {
  return Object.entries(mix)
    .map(([name, weight]) => `${name} ${weight}`)
    .join(', ');
}

function time(ms: number): string {
  if (ms < 1_000) return `${ms < 10 && !Number.isInteger(ms) ? ms.toFixed(1) : Math.round(ms)} ms`;
  return ms < 60_000 ? `${Number((ms / 1_000).toFixed(1))} s` : `${Number((ms / 60_000).toFixed(1))} min`;
}
