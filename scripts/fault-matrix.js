// Counts the faults that test/connection/faults.test.ts ran, by kind of connection, from the test runner's output.

const Table = require('cli-table3');

const SUITE = /^▶ a (server|client)'s connection (?:over (\w+) ends|made by plain ws) /;

/** [passed, failed] by kind of connection ("server tcp", "client attached"). The suites' titles name the kind. */
function countFaults(output) {
  const counts = new Map();
  let kind;
  for (const line of output.split('\n')) {
    const suite = SUITE.exec(line);
    if (suite) kind = `${suite[1]} ${suite[2] ?? 'attached'}`;
    else if (/^\S/.test(line)) kind = undefined;
    const test = kind && /^ {2}([✔✖]) /.exec(line);
    if (!test) continue;
    const count = counts.get(kind) ?? [0, 0];
    count[test[1] === '✔' ? 0 : 1]++;
    counts.set(kind, count);
  }
  return counts;
}

/** A table with a row for each kind of connection and a column for each run; '' when no run had faults. */
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
