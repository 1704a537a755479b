// The three Windows targets, and what clang must be told to compile for one.

const fs = require('node:fs');

const LLVM = process.env.LLVM_BIN || '/usr/lib/llvm-19/bin';

// Debian has no MinGW for arm64. libstdc++'s headers are the same for two targets with the same sizes of types.
const TARGETS = {
  x64: { triple: 'x86_64-w64-mingw32', headers: 'x86_64-w64-mingw32', entry: 'DllMainCRTStartup,--high-entropy-va' },
  ia32: { triple: 'i686-w64-mingw32', headers: 'i686-w64-mingw32', entry: '_DllMainCRTStartup@12' },
  arm64: { triple: 'aarch64-w64-mingw32', headers: 'x86_64-w64-mingw32', entry: 'DllMainCRTStartup,--high-entropy-va' },
};

function targetOf(arch) {
  if (!TARGETS[arch]) throw new Error(`no cross toolchain for ${arch}`);
  return TARGETS[arch];
}

/** Flags for a compilation in `root`. */
function flagsFor({ triple, headers }, root) {
  // node-addon-api needs std::mutex, which only the posix flavour of Debian's MinGW headers has.
  const gcc = `/usr/lib/gcc/${headers}`;
  const flavour = fs.readdirSync(gcc).find((name) => name.endsWith('-posix'));
  const cxxHeaders = `${gcc}/${flavour}/include/c++`;
  return [
    `--target=${triple}`,
    '-fuse-ld=lld',
    '-nostdinc++',
    ...[cxxHeaders, `${cxxHeaders}/${headers}`, '/usr/share/mingw-w64/include'].flatMap((path) => ['-isystem', path]),
    '-D_GLIBCXX_EXTERN_TEMPLATE=-1', // instantiate std::string here, there is no libstdc++ to link
    '-ffunction-sections',
    '-fdata-sections',
    '-fno-stack-protector',
    `-ffile-prefix-map=${root}=.`, // the same bytes in every folder
  ];
}

module.exports = { LLVM, flagsFor, targetOf };
