#!/usr/bin/env node

// Lists the compiled test files. As a program it prints those that run on every platform, for CI, which calls Node itself.

const fs = require('node:fs');
const path = require('node:path');
const { root } = require('./steps.js');

const compiled = path.join(root, 'dist-test');
/**
 * The folders of test/ that mirror src/, scripts/, and lossless/, defaults/, soak/ and attacks/, whose own parts have unit tests, and
 * fuzz/, whose inputs are replayed.
 */
const FOLDERS = [
  '',
  'connection',
  'server',
  'liveness',
  'telemetry',
  'socket-control',
  'tools',
  'scripts',
  'lossless',
  'defaults',
  'soak',
  'fuzz',
  'attacks',
];

/** Whether the source is still there: compiling does not delete what an older source left behind. */
const hasSource = (file) => fs.existsSync(path.join(root, 'test', file.replace(/\.js$/, '.ts')));

/** Whether the test makes network namespaces, which takes Linux, root and tools. */
const makesNetworks = (file) => file.includes('.linux.');

/** Whether the path of a file, or its name, begins so. On every platform a name has slashes. */
const isCalled = (file, name) =>
  file.replaceAll(path.sep, '/').startsWith(name) || path.basename(file).startsWith(name);

/** Paths from dist-test. `names` pick files by the beginning of their path or of their name; none of them picks all. */
function testFiles(names = []) {
  return FOLDERS.flatMap((folder) => fs.readdirSync(path.join(compiled, folder)).map((file) => path.join(folder, file)))
    .filter((file) => file.endsWith('.test.js') && hasSource(file))
    .filter((file) => names.length === 0 || names.some((name) => isCalled(file, name)));
}

module.exports = { makesNetworks, testFiles };

if (require.main === module) {
  const everywhere = testFiles().filter((file) => !makesNetworks(file));
  console.log(everywhere.map((file) => path.join('dist-test', file)).join('\n'));
}
