// Draws figures as SVG with Vega-Lite. The background is transparent, so all colours are visible on white and on black.

const { rowsOf } = require('./statistics.js');

const INK = '#808080';
const FIXED = { ws: INK, 'ws-linger': '#1f8fe0', 'ws-linger portable': '#12a594', 'bare C': '#b05fd6' };
const OTHERS = ['#e0781f', '#c9a100', '#d6547a', '#7c9a3b', '#9a7b5b'];

const CONFIG = {
  background: null,
  // Screen readers treat an <img> as one element; the tables have the figures.
  aria: false,
  font: 'system-ui, sans-serif',
  title: { color: INK, subtitleColor: INK, anchor: 'start', fontSize: 13, fontWeight: 600, frame: 'group', offset: 10 },
  axis: {
    labelColor: INK,
    titleColor: INK,
    titleFontWeight: 400,
    domainColor: INK,
    tickColor: INK,
    gridColor: '#80808040',
    labelLimit: 300,
  },
  axisY: { grid: false, ticks: false, domain: false },
  legend: { labelColor: INK, labelLimit: 300, title: null, orient: 'bottom', columns: 2, symbolOpacity: 1 },
  view: { stroke: null },
};

/** The scale is logarithmic when the largest value is more than this many times the smallest. */
const LINEAR = 8;

/** The colour of each contestant in all charts of a question. The one that others are compared with has the text's colour. */
function coloursOf(contestants) {
  const [reference, ...others] = contestants.filter((name, i) => i === 0 || !FIXED[name]);
  return (name) => (name === reference ? INK : (FIXED[name] ?? OTHERS[others.indexOf(name) % OTHERS.length]));
}

function scaleOf(rows) {
  const values = rows.flatMap(({ min, max }) => [min, max]);
  const [min, max] = [Math.min(...values), Math.max(...values)];
  return min > 0 && max / min > LINEAR ? { type: 'log', nice: false, padding: 8 } : { zero: false, padding: 8 };
}

const colour = (names, colourOf) => ({
  field: 'contestant',
  type: 'nominal',
  scale: { domain: names, range: names.map(colourOf) },
});

/** A row for each case and contestant: a dot for the median and a line for the spread. */
function dots(title, axis, rows, colourOf, { reference } = {}) {
  const names = [...new Set(rows.map(({ contestant }) => contestant))];
  const x = (field) => ({ field, type: 'quantitative', scale: scaleOf(rows), axis: { title: axis, tickCount: 6 } });
  const layer = [
    { mark: { type: 'rule', strokeWidth: 1.5 }, encoding: { x: x('min'), x2: { field: 'max' } } },
    { mark: { type: 'point', filled: true, size: 60, opacity: 1 }, encoding: { x: x('median') } },
  ];
  if (reference) {
    const mark = { type: 'rule', color: INK, strokeDash: [4, 3] };
    layer.unshift({ data: { values: [{ one: 1 }] }, mark, encoding: { x: { field: 'one', type: 'quantitative' } } });
  }
  const shared = {
    y: { field: 'case', type: 'nominal', sort: null, title: null },
    yOffset: { field: 'contestant', type: 'nominal', scale: { domain: names } },
    color: colour(names, colourOf),
  };
  for (const one of layer) if (!one.data) one.encoding = { ...shared, ...one.encoding };
  return { title, width: 380, height: { step: 12 }, data: { values: rows }, layer };
}

/** A line for each contestant, over a parameter of the cases. */
function lines(title, axis, rows, colourOf, over) {
  const names = [...new Set(rows.map(({ contestant }) => contestant))];
  return {
    ...{ title, width: 380, height: 180, data: { values: rows } },
    mark: { type: 'line', point: { filled: true, size: 50 } },
    encoding: {
      x: {
        field: 'over',
        type: 'quantitative',
        scale: { type: 'log', nice: false },
        axis: { title: over, tickCount: 4 },
      },
      y: {
        field: 'median',
        type: 'quantitative',
        scale: scaleOf(rows),
        axis: { title: axis, grid: true, tickCount: 5 },
      },
      color: colour(names, colourOf),
    },
  };
}

function chartOf(question, result, key, colourOf) {
  const { label, unit, better, chart = 'ratio' } = question.measures[key];
  const title = { text: label, subtitle: `${unit}, ${better} is better` };
  const flatRow = ({ case: kase, contestant, median, min, max }) => ({
    ...{ case: kase.name, contestant, median, min, max },
    over: question.over && kase.parameters[question.over],
  });
  const all = rowsOf(result, key);
  if (all.length === 0 || !chart) return [];
  if (question.over) return [lines(title, unit, all.map(flatRow), colourOf, question.over)];
  if (chart === 'value') return [dots(title, unit, all.map(flatRow), colourOf)];
  const compared = all.filter(({ ratio }) => ratio);
  if (compared.length === 0) return [];
  const rows = compared.map((row) => flatRow({ ...row, ...row.ratio }));
  return [dots(title, `times ${all[0].first}`, rows, colourOf, { reference: true })];
}

/** A picture with a chart for each measure; null when there is nothing to draw. */
async function draw(question, result) {
  const contestants = [...new Set(result.cases.flatMap(({ figures }) => Object.keys(figures)))];
  const colourOf = coloursOf(contestants);
  const vconcat = Object.keys(question.measures).flatMap((key) => chartOf(question, result, key, colourOf));
  return vconcat.length > 0 ? toSvg(vconcat) : null;
}

/** Charts below each other, as SVG. */
async function toSvg(vconcat) {
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const resolve = { scale: { color: 'independent', yOffset: 'independent' } };
  const { spec } = compile({ vconcat, resolve, spacing: 30, config: CONFIG });
  const view = new vega.View(vega.parse(spec), { renderer: 'none' });
  return `${await view.toSVG()}\n`;
}

module.exports = { draw, dots, coloursOf, toSvg };
