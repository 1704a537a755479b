// Counts, in the output of test/faults.test.ts, the faults that were brought about on each kind of connection.

const Table = require('cli-table3');

const SUITE = /^▶ a (server|client)'s connection (?:over (\w+) ends|made by plain ws) /;

/** Counts of faults by column ("server tcp", "client attached"), each as [passed, failed]. */
function countFaults(output) {
  const counts = new Map();
  let column;
  for (const line of output.split('\n')) {
    const suite = SUITE.exec(line);
    if (suite) column = `${suite[1]} ${suite[2] ?? 'attached'}`;
    else if (/^\S/.test(line)) column = undefined;
    const test = column && /^ {2}([✔✖]) /.exec(line);
    if (!test) continue;
    const count = counts.get(column) ?? [0, 0];
    count[test[1] === '✔' ? 0 : 1]++;
    counts.set(column, count);
  }
  return counts;
}

/** The fault matrix: a row for each kind of connection, a column for each run. */
function faultMatrix(runs) {
  const counted = runs
    .map(({ name, output }) => ({ name, counts: countFaults(output) }))
    .filter(({ counts }) => counts.size > 0);
  if (counted.length === 0) return '';
  const table = new Table({
    head: ['faults', ...counted.map(({ name }) => name)],
    style: { head: [], border: [], compact: true },
  });
  const cell = ([passed, failed] = [0, 0]) => (failed > 0 ? `${passed}, ${failed} FAILED` : passed);
  for (const kind of new Set(counted.flatMap(({ counts }) => [...counts.keys()]))) {
    table.push([kind, ...counted.map(({ counts }) => cell(counts.get(kind)))]);
  }
  return table.toString();
}

module.exports = { faultMatrix };
