#!/usr/bin/env node

// node-gyp for Windows targets on Debian. prebuildify calls it through PREBUILD_NODE_GYP with the arguments it would give
// node-gyp, and this adds the compiler: clang and lld with MinGW-w64's headers. See CONTRIBUTING.md.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const LLVM = process.env.LLVM_BIN || '/usr/lib/llvm-19/bin';
const TRIPLES = { x64: 'x86_64-w64-mingw32' };

const args = process.argv.slice(2);
const arch = args.find((arg) => arg.startsWith('--arch='))?.slice('--arch='.length);
const triple = TRIPLES[arch];
if (!triple) throw new Error(`no cross toolchain for ${arch}`);

const root = process.cwd();
const work = path.join(root, '.cross', arch);
fs.mkdirSync(work, { recursive: true });

// node-addon-api needs std::mutex, which only the posix flavour of Debian's MinGW headers has.
const cxxHeaders = '/usr/lib/gcc/x86_64-w64-mingw32/12-posix/include/c++';
const compiler = [
  `${LLVM}/clang++`,
  `--target=${triple}`,
  '-fuse-ld=lld',
  '-nostdinc++',
  '-isystem',
  cxxHeaders,
  '-isystem',
  `${cxxHeaders}/x86_64-w64-mingw32`,
  '-isystem',
  '/usr/share/mingw-w64/include',
  '-D_GLIBCXX_EXTERN_TEMPLATE=-1', // instantiate std::string here, there is no libstdc++ to link
  '-ffunction-sections',
  '-fdata-sections',
  '-fno-stack-protector',
  `-ffile-prefix-map=${root}=.`, // the same bytes in every folder
];

// gyp's make generator always passes -soname, an option that lld's MinGW driver does not have.
const wrapper = path.join(work, 'c++');
fs.writeFileSync(
  wrapper,
  `#!/bin/sh
for a do shift; case $a in -Wl,-soname=*) ;; *) set -- "$@" "$a";; esac; done
exec ${compiler.join(' ')} "$@"
`,
  { mode: 0o755 },
);

// The headers of the Node that runs this. A system-wide Node keeps them beside its prefix.
const nodedir = process.env.NODE_HEADERS || path.resolve(process.execPath, '../..');
const env = {
  ...process.env,
  CC: wrapper,
  CXX: wrapper,
  AR: `${LLVM}/llvm-ar`,
  LDFLAGS: `-L/usr/${triple}/lib -Wl,-e,DllMainCRTStartup,--high-entropy-va`,
  GYP_DEFINES: 'OS=win cross=1',
  SOURCE_DATE_EPOCH: '0',
  npm_config_nodedir: nodedir,
};
const gyp = require.resolve('node-gyp/bin/node-gyp.js');
const { status } = spawnSync(process.execPath, [gyp, ...args], { env, stdio: 'inherit' });
process.exit(status ?? 1);
