// Measures a question: each case in rounds, with the contestants in turn, each time in a process of its own. Changes of the
// machine (heat, other work) then affect all contestants alike, and figures of one round can be compared.

const path = require('node:path');
const { environment } = require('./contestants.js');
const { commit, describeMachine, platform, versions } = require('./machine.js');
const { start } = require('./processes.js');

const TIMEOUT = 120_000;
/** Everything takes several times as long under Wine. */
const ROUNDS = platform === 'wine' ? 3 : 5;

/** The cases of a run. A quick run has those with `quick`, the parameters that make them smaller. */
function casesOf({ cases }, { quick }) {
  if (!quick) return cases.map(({ quick: _, ...rest }) => rest);
  return cases.flatMap(({ quick: smaller, ...rest }) => (smaller ? [{ ...rest, ...smaller }] : []));
}

/** The contestants in the order of a round. Each round has another first one, and every second round is reversed. */
function turns(list, round) {
  const by = round % list.length;
  const turned = [...list.slice(by), ...list.slice(0, by)];
  return round % 2 === 0 ? turned : turned.reverse();
}

async function measureOnce(question, contestant, parameters, timeout) {
  const child = start(path.join(__dirname, 'measure.js'), { env: environment(contestant), execArgv: ['--expose-gc'] });
  const timer = setTimeout(() => child.stop(new Error(`no figures within ${timeout / 1000} s`)), timeout);
  try {
    return await child.ask('measure', question.name, contestant, parameters);
  } finally {
    clearTimeout(timer);
    await child.stop();
  }
}

/** A case with an empty list of figures for each contestant, or the reason why a contestant cannot be measured. */
function prepare(question, { name, contestants, rounds, ...parameters }) {
  const figures = {};
  const unavailable = {};
  for (const contestant of contestants ?? question.contestants) {
    const reason = question.available?.(contestant, parameters);
    if (reason) unavailable[contestant] = reason;
    else figures[contestant] = [];
  }
  return { kase: { name, parameters, figures, unavailable }, most: rounds };
}

async function ask(question, options) {
  const rounds = options.rounds ?? (options.quick ? 1 : Math.min(question.rounds ?? ROUNDS, ROUNDS));
  const failures = [];
  const prepared = casesOf(question, options).map((given) => prepare(question, given));
  for (let round = 0; round < rounds; round++) {
    for (const { kase, most = rounds } of prepared) {
      if (round >= (options.rounds ?? most)) continue;
      const { name, parameters, figures } = kase;
      const asked = Object.keys(figures).filter((contestant) => round === 0 || !question.once?.includes(contestant));
      for (const contestant of turns(asked, round)) {
        if (!options.json) console.error(`${question.name}: ${name}, ${contestant}, round ${round + 1} of ${rounds}`);
        const timeout = question.timeout ?? TIMEOUT;
        figures[contestant][round] = await measureOnce(question, contestant, parameters, timeout).catch((error) => {
          failures.push(`${question.name}: ${name}, ${contestant}: ${error.message}`);
          return null;
        });
      }
    }
  }
  return {
    name: question.name,
    platform,
    machine: describeMachine(),
    versions: versions(),
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    failures,
    cases: prepared.map(({ kase }) => kase),
  };
}

module.exports = { ask };
