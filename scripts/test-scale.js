#!/usr/bin/env node

// npm run test:scale: runs the tests with thousands of connections. Needs Linux and root, since they make network namespaces.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { compile, root, toolchain } = require('./steps.js');

toolchain('network');
compile();
const folder = path.join('dist-test', 'scale');
const files = fs.readdirSync(path.join(root, folder)).filter((file) => file.endsWith('.test.js'));
const options = ['--test-force-exit', '--test-concurrency=1', '--test-timeout=300000', '--test-reporter=spec'];
// Raises the limit of file descriptors for the tests, which open thousands of sockets.
const command = 'ulimit -n 16384 && exec "$@"';
const test = [process.execPath, '--test', ...options, ...files.map((file) => path.join(folder, file))];
const { status } = spawnSync('sh', ['-c', command, 'sh', ...test], { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
