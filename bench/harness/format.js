// Formats figures for people: three significant digits, with commas between thousands.

function number(value) {
  if (value === 0 || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

const spread = ({ min, max }) => (min === max ? '' : `${number(min)} – ${number(max)}`);
const times = (value) => `${value < 0.1 ? number(value) : value.toFixed(value < 10 ? 2 : 1)} ×`;
const timesSpread = ({ min, max }) => (min === max ? '' : `${times(min)} – ${times(max)}`);

/** A goal's limit, such as "at least 0.98 ×". */
function limit({ kind, limit: { atLeast, atMost } }, unit) {
  const value = atMost ?? atLeast;
  const shown = kind === 'ratio' ? times(value) : `${number(value)} ${unit}`;
  return `${atMost === undefined ? 'at least' : 'at most'} ${shown}${kind === 'difference' ? ' more' : ''}`;
}

/** The outcome of a goal, in one line. */
function goalLine({ measures }, goal) {
  const { label, unit } = measures[goal.measure];
  const shown = goal.kind === 'ratio' ? times(goal.found.median) : `${number(goal.found.median)} ${unit}`;
  const subject = `${label}, ${goal.case}, ${goal.contestant}${goal.whom}`;
  return `${goal.met ? 'met' : 'NOT MET'}: ${subject}: ${shown} (goal: ${limit(goal, unit)})`;
}

function machineLine({ machine, versions, date, commit, cases }) {
  const counts = cases.flatMap(({ figures }) => Object.values(figures).map(({ length }) => length));
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)];
  const rounds = fewest === most ? most : `${fewest} to ${most}`;
  const { cpu, cores, memoryGb, os, node } = machine;
  const peers = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${date}, commit ${commit}: ${cpu}, ${cores} cores, ${memoryGb} GB, ${os}, Node ${node}, ${peers.join(', ')}; ${rounds} round${most === 1 ? '' : 's'}`;
}

/** A line for each reason for which contestants were not measured. */
function notMeasured({ cases }) {
  const reasons = new Map();
  for (const { unavailable } of cases) {
    for (const [contestant, reason] of Object.entries(unavailable)) {
      reasons.set(reason, (reasons.get(reason) ?? new Set()).add(contestant));
    }
  }
  return [...reasons].map(([reason, contestants]) => `not measured: ${[...contestants].join(', ')}: ${reason}`);
}

module.exports = { number, spread, times, timesSpread, goalLine, machineLine, notMeasured };
