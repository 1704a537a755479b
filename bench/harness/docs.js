#!/usr/bin/env node

// npm run bench:docs [-- --check]: writes the figures of bench/results into the pages of docs/benchmarks/, with their charts, and six
// charts and a table of ratios into docs/benchmarks.md. With --check it fails when these are out of date.

const fs = require('node:fs');
const path = require('node:path');
const { draw } = require('./charts.js');
const { goalLine, machineLine, notMeasured, number, spread, times, timesSpread } = require('./format.js');
const { judgeGoals } = require('./goals.js');
const { installPeers } = require('./install.js');
const { kept } = require('./results.js');
const { rowsOf } = require('./statistics.js');
const { CHARTS, captionOf, drawChart, table: ratios } = require('./summary.js');

const docs = path.join(__dirname, '..', '..', 'docs');
const summaryPage = path.join(docs, 'benchmarks.md');
const folder = path.join(docs, 'benchmarks');
/** Where a page has generated text. */
const PLACE = /(<!-- (figures|chart|ratios): (\S+) -->\n).*?(<!-- end of \2 -->)/gs;
const TITLES = { linux: 'Linux', macos: 'macOS', windows: 'Windows', wine: 'Windows Node under Wine' };

function table(question, result, key) {
  const rows = rowsOf(result, key);
  if (rows.length === 0) return '';
  const { label, unit, better } = question.measures[key];
  const lines = rows.map(({ case: kase, contestant, ratio, ...values }) => {
    const against = ratio ? [times(ratio.median), timesSpread(ratio)] : ['', ''];
    return `| ${[kase.name, contestant, number(values.median), spread(values), ...against].join(' | ')} |`;
  });
  return `**${label}**, ${unit}, ${better} is better

| | | median | from – to | against ${rows[0].first} | from – to |
| --- | --- | ---: | ---: | ---: | ---: |
${lines.join('\n')}

`;
}

function section(question, result, picture) {
  const goals = judgeGoals(question, result).map((goal) => `- ${goalLine(question, goal)}\n`);
  const notes = [...notMeasured(result), ...result.failures.map((failure) => `failed: ${failure}`)];
  const tables = Object.keys(question.measures).map((key) => table(question, result, key));
  const title = `${question.question} ${TITLES[result.platform] ?? result.platform}`;
  return `
## ${TITLES[result.platform] ?? result.platform}

${machineLine(result)}

${picture ? `![${title}](${picture})\n\n` : ''}${goals.length > 0 ? `${goals.join('')}\n` : ''}<details><summary>All figures</summary>

${tables.join('')}</details>
${notes.map((note) => `\n${note}\n`).join('')}`;
}

/** The text of each place of one kind: figures of a question. `files` takes the pictures. */
async function figures(name, files) {
  const results = kept(name);
  if (results.length === 0) return '\nNo figures are kept here.\n';
  const question = require(`../${name}.js`);
  const parts = [];
  for (const result of results) {
    const svg = await draw(question, result);
    const picture = `${name}.${result.platform}.svg`;
    if (svg) files.set(path.join(folder, picture), svg);
    parts.push(section(question, result, svg && picture));
  }
  return parts.join('');
}

/** A chart of the summary. */
async function chart(name, files) {
  const picture = `summary-${name}.svg`;
  files.set(path.join(folder, picture), await drawChart(name));
  return `![${CHARTS[name].title}](benchmarks/${picture})\n\nFigures: ${captionOf(name)}.\n`;
}

const WRITERS = { figures, chart, ratios: async () => ratios() };

async function fill(file, files) {
  const text = fs.readFileSync(file, 'utf8');
  const written = new Map();
  for (const [place, , kind, name] of text.matchAll(PLACE)) written.set(place, await WRITERS[kind](name, files));
  files.set(
    file,
    text.replace(PLACE, (place, begin, _, __, end) => `${begin}${written.get(place)}\n${end}`),
  );
}

/** The content of each generated file, by path. */
async function generate() {
  const files = new Map();
  const pages = fs.readdirSync(folder).filter((file) => file.endsWith('.md'));
  for (const page of [summaryPage, ...pages.map((file) => path.join(folder, file))]) await fill(page, files);
  return files;
}

const read = (file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : null);

async function main() {
  installPeers();
  const files = await generate();
  const pictures = fs.readdirSync(folder).map((file) => path.join(folder, file));
  const stale = pictures.filter((file) => !files.has(file));
  const wrong = [...files].filter(([file, content]) => read(file) !== content);
  if (process.argv.includes('--check')) {
    for (const file of [...stale, ...wrong.map(([file]) => file)]) {
      console.error(`${path.relative(process.cwd(), file)} is out of date: run \`npm run bench:docs\``);
      process.exitCode = 1;
    }
    return;
  }
  for (const file of stale) fs.rmSync(file);
  for (const [file, content] of wrong) fs.writeFileSync(file, content);
}

main();
