/** Draws two charts over the same time: the connections that each server holds, and the ends that each server reports. */
import { KINDS, tone } from './kinds.js';

/* global uPlot */

const SPAN = 90; // the time that the charts show, in s
const held = document.getElementById('held');
const ends = document.getElementById('ends');

/** Reads a CSS variable, because the charts draw on a canvas, which cannot use CSS variables. */
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

let points = []; // [at, linger, plain], times in s
let marks = []; // { at, lane, tone }
let charts = [];

export function setHeld(all) {
  points = [];
  addHeld(all);
}

export function addHeld(more) {
  for (const { at, linger, plain } of more) points.push([at / 1000, linger, plain]);
}

/** Replaces the ends by those of `rows`. */
export function setEnds(rows) {
  marks = rows.flatMap(({ linger, plain }) => [
    ...(linger.at ? [{ at: linger.at / 1000, lane: linger.kind, tone: tone(linger.kind) }] : []),
    ...(plain.at ? [{ at: plain.at / 1000, lane: `plain ws: ${plain.code}`, tone: 'plain' }] : []),
  ]);
}

/** Returns the names of the lanes from top to bottom: first the kinds in their order, then the codes of plain ws. */
function lanes() {
  const seen = new Set(marks.map(({ lane }) => lane));
  const plain = [...seen].filter((lane) => lane.startsWith('plain ws')).sort();
  const named = KINDS.filter((kind) => seen.has(kind));
  return named.length + plain.length > 0 ? [...named, ...plain] : ['no ends yet'];
}

/** Draws both charts for the last SPAN seconds. `now` is the time by the server's clock, in ms. */
export function draw(now) {
  const until = now / 1000;
  const from = until - SPAN;
  points = points.filter(([at], i) => at >= from || (points[i + 1]?.[0] ?? until) >= from);
  marks = marks.filter(({ at }) => at >= from);
  const names = lanes();
  if (charts.length === 0 || charts[1].names.join() !== names.join()) build(names);

  const last = points.at(-1);
  const steps = last ? [...points, [until, last[1], last[2]]] : [[until, 0, 0]];
  const scales = { min: from, max: until };
  const sorted = [...marks].sort((a, b) => a.at - b.at);
  charts[0].setData(
    [0, 1, 2].map((i) => steps.map((step) => step[i])),
    false,
  );
  charts[1].setData([sorted.map(({ at }) => at), sorted.map(({ lane }) => names.indexOf(lane))], false);
  charts[1].marks = sorted;
  for (const chart of charts) chart.setScale('x', scales);
  const most = Math.max(4, ...steps.map(([, linger, plain]) => Math.max(linger, plain)));
  charts[0].setScale('y', { min: 0, max: most * 1.1 });
  charts[1].setScale('y', { min: -0.5, max: names.length - 0.5 });
  describe(names);
}

/** Removes the charts, so that the next draw() builds them with the current colours and window size. */
export function rebuild() {
  for (const chart of charts) chart.destroy();
  charts = [];
}

/** On a phone, the names of the lanes stand above the dots, otherwise to the left of them. Sizes are in px. */
const isNarrow = () => held.clientWidth < 600;
const gutter = () => (isNarrow() ? 34 : 170);
const laneHeight = () => (isNarrow() ? 38 : 27);

function build(names) {
  rebuild();
  const axis = {
    stroke: color('muted'),
    grid: { stroke: color('line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  const step = isNarrow() ? 30 : 15; // s, counted back from now
  const splits = ({ scales: { x } }) => Array.from({ length: SPAN / step }, (_, i) => x.max - i * step).reverse();
  const values = ({ scales: { x } }, ticks) => ticks.map((at) => ago(x.max - at));
  const time = { ...axis, splits, values, size: 26 };
  const common = {
    width: held.clientWidth,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 18, 0, 0],
  };
  const top = new uPlot(
    {
      ...common,
      height: 170,
      scales: { x: { time: false, auto: false }, y: { auto: false } },
      axes: [
        { ...time, show: true },
        { ...axis, size: gutter(), incrs: [1, 2, 5, 10, 20, 50, 100, 200], space: 28 },
      ],
      series: [
        {},
        { stroke: color('linger'), width: 3, paths: stepped(), points: { show: false } },
        { stroke: color('plain'), width: 1.5, dash: [6, 4], paths: stepped(), points: { show: false } },
      ],
    },
    [[], [], []],
    held,
  );
  const bottom = new uPlot(
    {
      ...common,
      height: names.length * laneHeight() + 34,
      scales: { x: { time: false, auto: false }, y: { auto: false, dir: -1 } },
      axes: [time, { ...axis, size: gutter(), values: () => [], grid: { show: false } }],
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: { draw: [drawLanes] },
    },
    [[], []],
    ends,
  );
  bottom.names = names;
  bottom.marks = [];
  charts = [top, bottom];
}

const stepped = () => uPlot.paths.stepped({ align: 1 });

const ago = (s) => (Math.round(s) === 0 ? 'now' : `−${Math.round(s)} s`);

function drawLanes(chart) {
  const { ctx, bbox, names, marks } = chart;
  const px = devicePixelRatio;
  ctx.save();
  ctx.textBaseline = 'middle';
  const narrow = isNarrow();
  const [x, up, down] = narrow ? [bbox.left + 4 * px, 9 * px, 5 * px] : [bbox.left - 10 * px, 0, 0];
  ctx.textAlign = narrow ? 'left' : 'right';
  ctx.font = `${12 * px}px system-ui, sans-serif`;
  for (const [i, name] of (names ?? []).entries()) {
    const y = chart.valToPos(i, 'y', true);
    ctx.fillStyle = color('line');
    ctx.fillRect(bbox.left, Math.round(y + (laneHeight() / 2) * px), bbox.width, px);
    ctx.fillStyle = color('muted');
    ctx.fillText(name, x, y - up);
  }
  ctx.textAlign = 'center';
  ctx.font = `600 ${10 * px}px system-ui, sans-serif`;
  for (const { at, lane, tone, count } of mergeDots(marks ?? [], (19 * px * SPAN) / bbox.width)) {
    const x = chart.valToPos(at, 'x', true);
    const y = chart.valToPos(names.indexOf(lane), 'y', true) + down;
    ctx.beginPath();
    ctx.arc(x, y, (count > 1 ? 9 : 5) * px, 0, 2 * Math.PI);
    ctx.fillStyle = color(tone);
    ctx.fill();
    ctx.fillStyle = color('card');
    if (count > 1) ctx.fillText(count, x, y + px / 2);
  }
  ctx.restore();
}

/** Merges the ends of one lane that are less than `apart` seconds apart, and so would overlap, into one dot with a count. */
function mergeDots(marks, apart) {
  const dots = [];
  for (const mark of marks) {
    const last = dots.findLast(({ lane }) => lane === mark.lane);
    if (last && mark.at - last.at < apart) last.count++;
    else dots.push({ ...mark, count: 1 });
  }
  return dots;
}

/** Describes both charts in words, for screen readers. */
function describe(names) {
  const [, linger = 0, plain = 0] = points.at(-1) ?? [];
  held.setAttribute('aria-label', `Connections held now: ${linger} by ws-linger, ${plain} by plain ws`);
  const count = (lane) => marks.filter((mark) => mark.lane === lane).length;
  const text = names.map((lane) => `${lane} ${count(lane)}`).join(', ');
  ends.setAttribute(
    'aria-label',
    marks.length > 0
      ? `Ends in the last ${SPAN} seconds: ${text}`
      : `No connection has ended in the last ${SPAN} seconds`,
  );
}
