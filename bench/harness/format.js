// Figures as people read them: three digits that count, thousands apart.

function number(value) {
  if (value === 0 || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

const spread = ({ min, max }) => (min === max ? '' : `${number(min)} – ${number(max)}`);
const times = (value) => `${value.toFixed(value < 10 ? 2 : 1)} ×`;
const timesSpread = ({ min, max }) => (min === max ? '' : `${times(min)} – ${times(max)}`);

/** "0.98 × or more" and the like. */
function limit({ kind, limit: { atLeast, atMost } }, unit) {
  const shown = (value) => (kind === 'ratio' ? times(value) : `${number(value)} ${unit}`);
  const more = kind === 'difference' ? ' more' : '';
  if (atMost === undefined) return `at least ${shown(atLeast)}${more}`;
  return atLeast === undefined ? `at most ${shown(atMost)}${more}` : `${shown(atLeast)} to ${shown(atMost)}${more}`;
}

/** A goal's outcome in one line. */
function goalLine({ measures }, goal) {
  const { label, unit } = measures[goal.measure];
  const shown = goal.kind === 'ratio' ? times(goal.found.median) : `${number(goal.found.median)} ${unit}`;
  const subject = `${label}, ${goal.case}, ${goal.contestant}${goal.whom}`;
  return `${goal.met ? 'met' : 'NOT MET'}: ${subject}: ${shown} (goal: ${limit(goal, unit)})`;
}

function machineLine({ machine, versions, date, commit, rounds }) {
  const { cpu, cores, memoryGb, os, node } = machine;
  const peers = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${date}, commit ${commit}: ${cpu}, ${cores} cores, ${memoryGb} GB, ${os}, Node ${node}, ${peers.join(', ')}; ${rounds} round${rounds === 1 ? '' : 's'}`;
}

/** Who was left out, with the reason, once for each reason. */
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
