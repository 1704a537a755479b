#!/usr/bin/env node

// npm run test:docs [-- NAME…]: runs each code block of README.md, CONTRIBUTING.md and docs/, and checks that each export is described.
// A NAME picks test files by the beginning of their names.

const { basename } = require('node:path');
const { compile, runNode, testsIn } = require('./steps.js');

const names = process.argv.slice(2);

compile();
const files = testsIn('docs').filter(
  (file) => names.length === 0 || names.some((name) => basename(file).startsWith(name)),
);
process.exitCode = runNode(['--test', '--test-timeout=120000', '--test-reporter=spec', ...files]);
