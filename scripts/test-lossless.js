#!/usr/bin/env node

// npm run test:lossless [-- --profiles N --seed S --windows --control native|portable --only ID|JSON --no-shrink]
//
// Random senders and random slow, pausing and cut-off peers, with plain ws and with ws-linger at the same time: what a peer
// gets from plain ws it must get from ws-linger. Linux, as root, since it makes networks of its own. Without root it is
// left out, but with CI=true that is a failure.

const { execFileSync, spawnSync } = require('node:child_process');
const path = require('node:path');

const root = path.join(__dirname, '..');

if (process.platform !== 'linux' || process.getuid() !== 0) {
  console.log('Cannot run: needs Linux and root, to make network namespaces.');
  process.exit(process.env.CI === 'true' ? 1 : 0);
}
execFileSync(path.join(__dirname, 'toolchain.sh'), ['network'], { stdio: ['ignore', 2, 2] });
for (const step of ['compile', 'compile:test'])
  execFileSync('npm', ['run', '--silent', step], { cwd: root, stdio: 'inherit' });
// Thousands of sockets; a child inherits the limit.
const command = 'ulimit -n "$(ulimit -Hn)" && exec "$@"';
const script = [process.execPath, path.join('dist-test', 'lossless', 'run.js'), ...process.argv.slice(2)];
const { status } = spawnSync('sh', ['-c', command, 'sh', ...script], { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
