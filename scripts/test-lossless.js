#!/usr/bin/env node

// npm run test:lossless [-- --profiles N --seed S --windows --control native|portable --only ID|JSON --no-shrink]
//
// Compares what random slow, pausing and cut-off peers receive from plain ws and from ws-linger, at the same time: ws-linger
// must lose nothing that plain ws delivers. It needs Linux and root, since it makes network namespaces, and takes one to three
// minutes; without root it is left out, and with CI=true that is a failure. --windows runs the senders on Windows Node, --only
// repeats one profile (2-129, or its JSON), and --ours plain compares plain ws with itself, which shows the noise.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { compile, root, toolchain } = require('./steps.js');

if (process.platform !== 'linux' || process.getuid() !== 0) {
  console.log('NOT RUN: network namespaces need Linux and root.');
  process.exit(process.env.CI === 'true' ? 1 : 0);
}
toolchain('network');
compile();
// Raises the limit of file descriptors for the child, which opens thousands of sockets.
const command = 'ulimit -n "$(ulimit -Hn)" && exec "$@"';
const script = [process.execPath, path.join('dist-test', 'lossless', 'run.js'), ...process.argv.slice(2)];
const { status } = spawnSync('sh', ['-c', command, 'sh', ...script], { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
