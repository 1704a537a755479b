#!/usr/bin/env node

// npm run test:attacks [-- NAME… --seconds N --windows]
//
// Attacks a server of plain ws, then one of this package, in one run: floods, resets, peers that stop reading and others. Prints what
// each costs them and fails where a limit is not held. NAME is the beginning of an attack's name; --seconds is how long each lasts, in
// place of a few seconds; --windows runs it on Windows Node under Wine, with fewer peers. Linux, as root, since it makes a network
// namespace: one with small socket buffers, so that ten thousand peers who do not read cost no gigabytes of the kernel's memory.

const { execFileSync, spawnSync } = require('node:child_process');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { compile, root, toolchain } = require('./steps.js');

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string' }, windows: { type: 'boolean', default: false } },
  allowPositionals: true,
});

/** Descriptors that a process needs beside those of its peers. */
const OWN_DESCRIPTORS = 200;

const NETWORK = [
  'ip link set lo up',
  'sysctl -q -w net.core.somaxconn=20000 net.ipv4.tcp_max_syn_backlog=20000',
  'sysctl -q -w net.ipv4.tcp_rmem="4096 16384 16384" net.ipv4.tcp_wmem="4096 16384 16384"',
  'ulimit -n "$(ulimit -Hn)"',
  'exec "$@"',
].join(' && ');

function main() {
  if (process.platform !== 'linux' || process.getuid() !== 0) {
    console.log('Cannot run: needs Linux and root, to make a network namespace.');
    process.exitCode = process.env.CI === 'true' ? 1 : 0;
    return;
  }
  toolchain('network');
  compile();
  const seconds = values.seconds === undefined ? null : Number(values.seconds);
  const most = Number(execFileSync('sh', ['-c', 'ulimit -Hn'])) - OWN_DESCRIPTORS;
  const setup = { names: positionals, seconds, scale: values.windows ? 0.02 : 1, most };
  const node = values.windows ? [process.execPath, path.join('scripts', 'windows-node.js')] : [process.execPath];
  const script = [...node, path.join('dist-test', 'attacks', 'run.js'), JSON.stringify(setup)];
  const { status } = spawnSync('unshare', ['--net', 'sh', '-c', NETWORK, 'sh', ...script], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}

main();
