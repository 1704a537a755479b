// Judges whether figures meet a question's goals. A goal is
//   { case?, measure, contestant, against?: { case }, ratio | difference | value: { atLeast } or { atMost } }
// Without `case` it applies to each case that has the measure. It compares with the first contestant, or with `against`, the
// same contestant in another case.

const { difference, ratio, series, summary } = require('./statistics.js');

function judge(goal, kase, cases) {
  const ours = series(kase, goal.contestant, goal.measure);
  if (!ours.some((value) => value !== undefined)) return null;
  const other = goal.against?.case ? cases.find(({ name }) => name === goal.against.case) : kase;
  const contestant = goal.against ? goal.contestant : Object.keys(kase.figures)[0];
  const theirs = other ? series(other, contestant, goal.measure) : [];
  const kind = ['ratio', 'difference', 'value'].find((name) => goal[name]);
  const found =
    kind === 'value' ? summary(ours.filter((value) => value !== undefined)) : { ratio, difference }[kind](ours, theirs);
  if (!found) return null;
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = goal[kind];
  const whom =
    kind === 'value' ? '' : goal.against?.case ? `, against ${goal.against.case}` : `, against ${contestant}`;
  return {
    ...{ case: kase.name, measure: goal.measure, contestant: goal.contestant, kind, whom },
    ...{ limit: goal[kind], found, met: found.median >= atLeast && found.median <= atMost },
  };
}

/** The outcome of each goal for which there are figures. */
function judgeGoals({ goals = [] }, { cases }) {
  return goals.flatMap((goal) =>
    cases
      .filter(({ name }) => goal.case === undefined || goal.case === name)
      .map((kase) => judge(goal, kase, cases))
      .filter((judged) => judged !== null),
  );
}

module.exports = { judgeGoals };
