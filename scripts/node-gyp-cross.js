#!/usr/bin/env node

// Runs node-gyp for a Windows target on Debian. prebuildify calls it through PREBUILD_NODE_GYP with node-gyp's arguments; it
// adds the compiler: clang and lld with MinGW-w64's headers.
//
// A Node-API or libuv function that native/ begins to use also goes into native/cross/node_imports.inc, a Winsock function
// into native/cross/ws2_32.def. The link fails where one is missing.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { LLVM, flagsFor, targetOf } = require('./cross-target.js');
const { versionResource } = require('./version-resource.js');

const args = process.argv.slice(2);
const arch = args.find((arg) => arg.startsWith('--arch='))?.slice('--arch='.length);
const target = targetOf(arch);

const root = process.cwd();
const work = path.join(root, '.cross', arch);
fs.mkdirSync(work, { recursive: true });

// Drops -soname, which gyp's make generator always passes and lld's MinGW driver does not know.
const wrapper = path.join(work, 'c++');
fs.writeFileSync(
  wrapper,
  `#!/bin/sh
for a do shift; case $a in -Wl,-soname=*) ;; *) set -- "$@" "$a";; esac; done
exec ${LLVM}/clang++ ${flagsFor(target, root).join(' ')} "$@"
`,
  { mode: 0o755 },
);

let libraries = `/usr/${target.triple}/lib`;
if (arch === 'arm64') {
  libraries = work;
  for (const name of ['kernel32', 'ws2_32']) {
    const list = path.join(__dirname, '..', 'native', 'cross', `${name}.def`);
    execFileSync(`${LLVM}/llvm-dlltool`, ['-m', 'arm64', '-d', list, '-l', path.join(work, `lib${name}.a`)]);
  }
}

const resource = path.join(work, 'version.o');
fs.writeFileSync(path.join(work, 'version.rc'), versionResource(require(path.join(root, 'package.json'))));
execFileSync(`${LLVM}/llvm-windres`, [
  `--target=${target.triple}`,
  '--no-preprocess',
  path.join(work, 'version.rc'),
  resource,
]);

// The headers of the Node that runs this script; they lie in its prefix.
const nodedir = process.env.NODE_HEADERS || path.resolve(process.execPath, '../..');
const env = {
  ...process.env,
  CC: wrapper,
  CXX: wrapper,
  AR: `${LLVM}/llvm-ar`,
  LDFLAGS: `-L${libraries} -Wl,-e,${target.entry} ${target.hardening.link} ${resource}`,
  GYP_DEFINES: 'OS=win cross=1',
  SOURCE_DATE_EPOCH: '0',
  npm_config_nodedir: nodedir,
};
const gyp = require.resolve('node-gyp/bin/node-gyp.js');
const { status } = spawnSync(process.execPath, [gyp, ...args], { env, stdio: 'inherit' });
process.exit(status ?? 1);
