#!/usr/bin/env node

// npm run test:foreign
//
// Runs `ws-linger stability` against a server of Python and one of Go, and through nginx and HAProxy, and lets connections end
// behind both proxies in every way that docs/recipes/proxies.md names. It prints tables, and takes two minutes. Debian's packages
// of them are installed as root; without them it is left out, and with CI=true that is a failure.

const { compile, runNode, testsIn, toolchain } = require('./steps.js');

try {
  toolchain('foreign');
} catch (error) {
  console.log(`NOT RUN: ${error.message}`);
  process.exit(process.env.CI === 'true' ? 1 : 0);
}
compile();
const options = ['--test-force-exit', '--test-concurrency=1', '--test-timeout=300000', '--test-reporter=spec'];
process.exitCode = runNode(['--test', ...options, ...testsIn('foreign')]);
