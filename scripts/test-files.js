#!/usr/bin/env node

// test-files.js: prints the compiled unit tests that run on every platform, for who runs them without `npm test`.
// Exports the list of all of them for the other scripts.

const fs = require('node:fs');
const path = require('node:path');

const compiled = path.join(__dirname, '..', 'dist-test');
/** The folders of test/ that mirror src/, and the unit tests of a suite of its own. */
const FOLDERS = [
  '',
  'connection',
  'server',
  'liveness',
  'telemetry',
  'socket-control',
  'tools',
  'lossless',
  'defaults',
];

/** Paths from dist-test. Those named *.linux.test.js make networks of their own, for which they need root and tools. */
function testFiles() {
  return FOLDERS.flatMap((folder) =>
    fs.readdirSync(path.join(compiled, folder)).map((file) => path.join(folder, file)),
  ).filter((file) => file.endsWith('.test.js'));
}

module.exports = { testFiles };

if (require.main === module) {
  const everywhere = testFiles().filter((file) => !file.includes('.linux.'));
  console.log(everywhere.map((file) => path.join('dist-test', file)).join('\n'));
}
