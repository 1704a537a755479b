#!/usr/bin/env node

// npm run test:scale: runs the tests with thousands of connections. Needs Linux and root, since they make network namespaces.

const { spawnSync } = require('node:child_process');
const { compile, root, testsIn, toolchain } = require('./steps.js');

toolchain('network');
compile();
const options = ['--test-force-exit', '--test-concurrency=1', '--test-timeout=300000', '--test-reporter=spec'];
// Raises the limit of file descriptors for the tests, which open thousands of sockets.
const command = 'ulimit -n 16384 && exec "$@"';
const test = [process.execPath, '--test', ...options, ...testsIn('scale')];
const { status } = spawnSync('sh', ['-c', command, 'sh', ...test], { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
