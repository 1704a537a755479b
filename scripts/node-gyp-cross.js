#!/usr/bin/env node

// node-gyp for Windows targets on Debian. prebuildify calls it through PREBUILD_NODE_GYP with the arguments it would give
// node-gyp, and this adds the compiler: clang and lld with MinGW-w64's headers. See CONTRIBUTING.md.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { versionResource } = require('./version-resource.js');

const LLVM = process.env.LLVM_BIN || '/usr/lib/llvm-19/bin';

// Debian has no MinGW for arm64. libstdc++'s headers are the same for two targets with the same sizes of types, and the
// two import libraries are made from lists of what the addon calls.
const TARGETS = {
  x64: { triple: 'x86_64-w64-mingw32', headers: 'x86_64-w64-mingw32', entry: 'DllMainCRTStartup,--high-entropy-va' },
  ia32: { triple: 'i686-w64-mingw32', headers: 'i686-w64-mingw32', entry: '_DllMainCRTStartup@12' },
  arm64: { triple: 'aarch64-w64-mingw32', headers: 'x86_64-w64-mingw32', entry: 'DllMainCRTStartup,--high-entropy-va' },
};

const args = process.argv.slice(2);
const arch = args.find((arg) => arg.startsWith('--arch='))?.slice('--arch='.length);
const target = TARGETS[arch];
if (!target) throw new Error(`no cross toolchain for ${arch}`);

const root = process.cwd();
const work = path.join(root, '.cross', arch);
fs.mkdirSync(work, { recursive: true });

// node-addon-api needs std::mutex, which only the posix flavour of Debian's MinGW headers has.
const gcc = `/usr/lib/gcc/${target.headers}`;
const flavour = fs.readdirSync(gcc).find((name) => name.endsWith('-posix'));
const cxxHeaders = `${gcc}/${flavour}/include/c++`;
const compiler = [
  `${LLVM}/clang++`,
  `--target=${target.triple}`,
  '-fuse-ld=lld',
  '-nostdinc++',
  '-isystem',
  cxxHeaders,
  '-isystem',
  `${cxxHeaders}/${target.headers}`,
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

// The headers of the Node that runs this. A system-wide Node keeps them beside its prefix.
const nodedir = process.env.NODE_HEADERS || path.resolve(process.execPath, '../..');
const env = {
  ...process.env,
  CC: wrapper,
  CXX: wrapper,
  AR: `${LLVM}/llvm-ar`,
  LDFLAGS: `-L${libraries} -Wl,-e,${target.entry} ${resource}`,
  GYP_DEFINES: 'OS=win cross=1',
  SOURCE_DATE_EPOCH: '0',
  npm_config_nodedir: nodedir,
};
const gyp = require.resolve('node-gyp/bin/node-gyp.js');
const { status } = spawnSync(process.execPath, [gyp, ...args], { env, stdio: 'inherit' });
process.exit(status ?? 1);
