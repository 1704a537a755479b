// Pages of docs/ that a script generates, and a --check that they are up to date.

const fs = require('node:fs');
const path = require('node:path');
const { root } = require('./steps.js');

/** Writes docs/NAME; with --check it only compares, and reports a difference as a failure. `command` is named then. */
function writePage(name, text, command) {
  const file = path.join(root, 'docs', name);
  const isSame = fs.existsSync(file) && fs.readFileSync(file, 'utf8') === text;
  if (!process.argv.includes('--check')) {
    fs.writeFileSync(file, text);
    console.log(`docs/${name}: ${isSame ? 'unchanged' : 'written'}`);
  } else if (!isSame) {
    console.error(`docs/${name} is out of date: run \`${command}\``);
    process.exitCode = 1;
  }
}

module.exports = { writePage };
