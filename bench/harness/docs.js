#!/usr/bin/env node

// npm run bench:docs [-- --check]: writes the figures of bench/results into docs/benchmarks.md, and charts into docs/benchmarks.
// With --check it fails when these are out of date.

const fs = require('node:fs');
const path = require('node:path');
const { draw } = require('./charts.js');
const { goalLine, machineLine, notMeasured, number, spread, times, timesSpread } = require('./format.js');
const { judgeGoals } = require('./goals.js');
const { installPeers } = require('./install.js');
const { kept } = require('./results.js');
const { rowsOf } = require('./statistics.js');

const docs = path.join(__dirname, '..', '..', 'docs');
const page = path.join(docs, 'benchmarks.md');
const PLACE = /(<!-- figures: (\S+) -->\n).*?(<!-- end of figures -->)/gs;
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
#### ${TITLES[result.platform] ?? result.platform}

${machineLine(result)}

${picture ? `![${title}](benchmarks/${picture})\n\n` : ''}${goals.length > 0 ? `${goals.join('')}\n` : ''}<details><summary>All figures</summary>

${tables.join('')}</details>
${notes.map((note) => `\n${note}\n`).join('')}`;
}

/** The content of each generated file, by path. */
async function generate() {
  const files = new Map();
  const sections = new Map();
  for (const [, , name] of fs.readFileSync(page, 'utf8').matchAll(PLACE)) {
    sections.set(name, '\nNo figures are kept here.\n');
    const results = kept(name);
    if (results.length === 0) continue;
    const question = require(`../${name}.js`);
    const parts = [];
    for (const result of results) {
      const svg = await draw(question, result);
      const picture = `${name}.${result.platform}.svg`;
      if (svg) files.set(path.join(docs, 'benchmarks', picture), svg);
      parts.push(section(question, result, svg && picture));
    }
    sections.set(name, parts.join(''));
  }
  const text = fs.readFileSync(page, 'utf8');
  return files.set(
    page,
    text.replace(PLACE, (_, begin, name, end) => `${begin}${sections.get(name)}\n${end}`),
  );
}

const read = (file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : null);

async function main() {
  installPeers();
  const files = await generate();
  const folder = path.join(docs, 'benchmarks');
  const pictures = fs.existsSync(folder) ? fs.readdirSync(folder).map((file) => path.join(folder, file)) : [];
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
  fs.mkdirSync(folder, { recursive: true });
  for (const [file, content] of wrong) fs.writeFileSync(file, content);
}

main();
