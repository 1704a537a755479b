#!/usr/bin/env node

// npm run test:docs: runs each code block of README.md, CONTRIBUTING.md and docs/, and checks that each export is described.

const fs = require('node:fs');
const path = require('node:path');
const { compile, root, runNode } = require('./steps.js');

compile();
const folder = path.join('dist-test', 'docs');
const files = fs.readdirSync(path.join(root, folder)).filter((file) => file.endsWith('.test.js'));
const args = [
  '--test',
  '--test-timeout=120000',
  '--test-reporter=spec',
  ...files.map((file) => path.join(folder, file)),
];
process.exitCode = runNode(args);
