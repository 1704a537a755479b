// The three Windows targets, and clang's flags for each.

const fs = require('node:fs');

const LLVM = process.env.LLVM_BIN || '/usr/lib/llvm-19/bin';

// Control Flow Guard and 64-bit address randomisation. native/cross/guard.cc has what the guard needs of a C runtime.
const GUARD = { compile: ['-mguard=cf'], link: '-Wl,--high-entropy-va,--guard-cf' };
// No exception handlers: Windows then refuses to call any address of the DLL as one.
const NO_SEH = { compile: [], link: '-Wl,--no-seh' };

// Debian has no MinGW for arm64, so arm64 uses x64's libstdc++ headers: types have the same sizes on both.
const TARGETS = {
  x64: { triple: 'x86_64-w64-mingw32', headers: 'x86_64-w64-mingw32', entry: 'DllMainCRTStartup', hardening: GUARD },
  ia32: { triple: 'i686-w64-mingw32', headers: 'i686-w64-mingw32', entry: '_DllMainCRTStartup@12', hardening: NO_SEH },
  arm64: { triple: 'aarch64-w64-mingw32', headers: 'x86_64-w64-mingw32', entry: 'DllMainCRTStartup', hardening: GUARD },
};

function targetOf(arch) {
  if (!TARGETS[arch]) throw new Error(`no cross toolchain for ${arch}`);
  return TARGETS[arch];
}

/** The compiler's flags for a target. `root` is the folder that is compiled. */
function flagsFor({ triple, headers, hardening }, root) {
  // Only the posix flavour of Debian's MinGW headers has std::mutex, which node-addon-api needs.
  const gcc = `/usr/lib/gcc/${headers}`;
  const flavour = fs.readdirSync(gcc).find((name) => name.endsWith('-posix'));
  const cxxHeaders = `${gcc}/${flavour}/include/c++`;
  return [
    `--target=${triple}`,
    '-fuse-ld=lld',
    '-nostdinc++',
    ...[cxxHeaders, `${cxxHeaders}/${headers}`, '/usr/share/mingw-w64/include'].flatMap((path) => ['-isystem', path]),
    '-D_GLIBCXX_EXTERN_TEMPLATE=-1', // instantiates std::string here, since no libstdc++ is linked
    '-ffunction-sections',
    '-fdata-sections',
    '-fno-stack-protector',
    ...hardening.compile,
    `-ffile-prefix-map=${root}=.`, // the same bytes whatever the folder is called
  ];
}

module.exports = { LLVM, flagsFor, targetOf };
