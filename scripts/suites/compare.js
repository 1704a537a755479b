// Compares the results of a suite with plain ws and with ws-linger.

/**
 * Takes several runs of each, since tests with real sockets fail at times: a test that passed in one run counts as passed.
 * `worse` lists the tests that plain ws passed and ws-linger did not, `better` those that only ws-linger passed.
 */
function compare(plainRuns, oursRuns) {
  const plain = merge(plainRuns);
  const ours = merge(oursRuns);
  const names = [...new Set([...plain.keys(), ...ours.keys()])];
  const passed = (results) => names.filter((name) => results.get(name)?.passed).length;
  return {
    tests: names.length,
    plain: passed(plain),
    ours: passed(ours),
    worse: names.filter((name) => plain.get(name)?.passed && !ours.get(name)?.passed),
    better: names.filter((name) => !plain.get(name)?.passed && ours.get(name)?.passed),
    /** The last error of a test that failed. */
    reason: (name) => ours.get(name)?.error ?? plain.get(name)?.error ?? 'the test did not run',
  };
}

function merge(runs) {
  const merged = new Map();
  for (const run of runs) {
    for (const [name, result] of run) if (!merged.get(name)?.passed) merged.set(name, result);
  }
  return merged;
}

module.exports = { compare };
