#!/usr/bin/env node

// npm run test:defaults [-- --windows --only WORDS]
//
// Keeps every number that README, docs and types promise by default, in real time and all at once, and prints a table. WORDS
// are part of the promise's sentence. Linux, as root, since it makes networks of its own; with --windows what is tried runs on
// Windows Node under Wine. Without root it is left out, but with CI=true that is a failure.

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
// Hundreds of sockets; a child inherits the limit.
const command = 'ulimit -n "$(ulimit -Hn)" && exec "$@"';
const script = [process.execPath, path.join('dist-test', 'defaults', 'run.js'), ...process.argv.slice(2)];
const { status } = spawnSync('sh', ['-c', command, 'sh', ...script], { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
