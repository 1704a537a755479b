// Writes the result of each test as a line of JSON, for run.js.

const fs = require('node:fs');
const path = require('node:path');

module.exports = class {
  constructor(runner) {
    const report = (test, passed, error) => {
      const file = path.basename(test.file ?? '');
      const name = [file, ...test.titlePath()].join(' > ');
      fs.appendFileSync('results.jsonl', `${JSON.stringify({ name, passed, error: error?.stack })}\n`);
    };
    runner.on('pass', (test) => report(test, true));
    runner.on('fail', (test, error) => report(test, false, error));
  }
};
