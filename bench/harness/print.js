// Prints a question's result to the terminal.

const Table = require('cli-table3');
const { goalLine, machineLine, notMeasured, number, spread, times, timesSpread } = require('./format.js');
const { judgeGoals } = require('./goals.js');
const { rowsOf } = require('./statistics.js');

function measureTable(rows) {
  const { first } = rows[0];
  const table = new Table({
    head: ['', '', 'median', 'from – to', `against ${first}`, 'from – to'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right'],
  });
  for (const [i, { case: kase, contestant, ratio, ...values }] of rows.entries()) {
    const against = ratio ? [times(ratio.median), timesSpread(ratio)] : ['', ''];
    const title = kase === rows[i - 1]?.case ? '' : kase.name;
    table.push([title, contestant, number(values.median), spread(values), ...against]);
  }
  return table.toString();
}

function printResult(question, result, { quick } = {}) {
  console.log(`\n${question.question}\n${machineLine(result)}`);
  for (const [key, { label, unit, better }] of Object.entries(question.measures)) {
    const rows = rowsOf(result, key);
    if (rows.length > 0) console.log(`\n${label}, ${unit} (${better} is better)\n${measureTable(rows)}`);
  }
  console.log();
  // The figures of a quick run mean nothing.
  if (!quick) for (const goal of judgeGoals(question, result)) console.log(goalLine(question, goal));
  for (const line of notMeasured(result)) console.log(line);
}

module.exports = { printResult };
