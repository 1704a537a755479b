// What differs between the results of a suite with plain ws and with ws-linger.

/**
 * Several runs of each, since tests of real sockets fail now and then: a test that passed in one run has passed.
 * `worse` are the tests that plain ws passes and ws-linger never did, `better` the others that differ.
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
    /** Why a test failed, the last time that it did. */
    reason: (name) => ours.get(name)?.error ?? plain.get(name)?.error ?? 'it did not run',
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
