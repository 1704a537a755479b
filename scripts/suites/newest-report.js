// What there is to say of the newest ws: which tests differ. Pure.

/** Lines by which the commands name what failed. */
const TELLING = /^(FAILED|NOT RUN|MISSING)\b|FAILS WITH ws-linger:|fails with ws alone:/;
/** A report is read by people: more lines are in the log of the run. */
const MAX_LINES = 50;

function tellingLines({ output }) {
  const lines = output.split(/\r?\n/).filter((line) => TELLING.test(line));
  const told = lines.length > 0 ? lines : output.trim().split(/\r?\n/).slice(-20);
  return told.length <= MAX_LINES ? told : [...told.slice(0, MAX_LINES), `and ${told.length - MAX_LINES} more`];
}

/** Longer than every run of backquotes within. */
const fenceFor = (text) => '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)));

/**
 * The report in Markdown, whose first line is its title, or null where there is nothing to do: the version is the locked one, and
 * all has passed. `results` are `{ command, code, output }`.
 */
function newestReport({ locked, newest, results }) {
  const failed = results.filter(({ code }) => code !== 0);
  if (newest === locked && failed.length === 0) return null;
  const outcome = failed.length === 0 ? 'all tests pass' : `${failed.length} of ${results.length} checks fail`;
  const isNew = newest !== locked;
  const table = results.map(({ command, code }) => `| \`${command}\` | ${code === 0 ? 'passed' : 'failed'} |`);
  const details = failed.flatMap(({ command, ...result }) => {
    const text = tellingLines(result).join('\n');
    const fence = fenceFor(text);
    return ['', `## ${command}`, '', `${fence}text`, text, fence];
  });
  return [
    `# ws ${newest}: ${outcome}`,
    '',
    isNew
      ? `package-lock.json has ws ${locked}; npm installs ws ${newest} with this package now.`
      : 'package-lock.json has it, too.',
    'CONTRIBUTING.md, "A new ws", says what to do.',
    '',
    '| check | outcome |',
    '| --- | --- |',
    ...table,
    ...details,
    '',
  ].join('\n');
}

module.exports = { newestReport };
