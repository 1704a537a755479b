// Reads what Node's test runner prints with its spec reporter, on any platform.

const SUMMARY = '✖ failing tests:\n';
const FAILED = /^test at (.+?):\d+:\d+\r?\n✖ (.+) \([\d.]+ms\)/gm;

/** How many tests passed and failed. A cancelled test has failed, and so has a run that ends badly or runs nothing. */
function countTests({ code, output }, { skippedFails = false } = {}) {
  const number = (word) => Number(new RegExp(`^ℹ ${word} (\\d+)\\r?$`, 'm').exec(output)?.[1] ?? 0);
  const passed = number('pass');
  const skipped = skippedFails ? number('skipped') + number('todo') : 0;
  const failed = number('fail') + number('cancelled') + skipped;
  return { passed, failed: failed === 0 && (code !== 0 || passed === 0) ? 1 : failed };
}

/** The runner's summary of the tests that failed, with their errors; undefined when none did. */
function failureDetails({ output }) {
  return output.split(SUMMARY)[1]?.trim();
}

/**
 * A line for each test that failed: its source file and its name, with the number of times where several suites have it. A file
 * that fails as a whole is named alone.
 */
function failedTests(result) {
  const lines = [...(failureDetails(result) ?? '').matchAll(FAILED)].map(([, at, name]) => {
    const file = at
      .replaceAll('\\', '/')
      .replace(/^.*dist-test\//, 'test/')
      .replace(/\.js$/, '.ts');
    return /[\\/]dist-test[\\/].*\.js$/.test(name) ? file : `${file}: ${name}`;
  });
  return [...new Set(lines)].map((line) => {
    const times = lines.filter((other) => other === line).length;
    return times === 1 ? line : `${line} (${times} times)`;
  });
}

module.exports = { countTests, failureDetails, failedTests };
