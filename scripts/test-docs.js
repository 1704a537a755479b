#!/usr/bin/env node

// npm run test:docs: runs each code block of README.md, CONTRIBUTING.md and docs/, and checks that each export is described.

const { compile, runNode, testsIn } = require('./steps.js');

compile();
process.exitCode = runNode(['--test', '--test-timeout=120000', '--test-reporter=spec', ...testsIn('docs')]);
