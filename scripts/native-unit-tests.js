// The unit tests of native/, which run on Linux.

const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { LLVM } = require('./cross-target.js');

/** The unit tests: their sources, the sources that they test, and the options that they need. */
const UNIT_TESTS = [
  {
    name: 'lookup-test',
    tests: ['four_tuple_test.cc', 'loop.cc', 'socket_lookup_test.cc'],
    tested: ['four_tuple.cc', 'socket_index.cc', 'socket_lookup.cc'],
    options: ['-luv', '-Wl,--wrap=getsockname,--wrap=getpeername,--wrap=uv_version'],
  },
  { name: 'winsock-test', tests: ['winsock_test.cc'], tested: ['winsock.cc'], options: ['-Inative/test/fake'] },
];

/** Compiles and runs a unit test of the native/ in `folder`, with its output to `output` as in `stdio`. Throws when it fails. */
function runUnitTest({ name, tests, tested, options }, folder, flags, output) {
  const stdio = ['ignore', output, output];
  const program = path.join(folder, name);
  const files = [
    ...tests.map((file) => path.join('native/test', file)),
    ...tested.map((file) => path.join('native', file)),
  ];
  const args = ['-std=c++17', '-Wall', '-Wextra', '-Werror', ...flags, ...files, ...options, '-o', program];
  execFileSync(`${LLVM}/clang++`, args, { cwd: folder, stdio });
  execFileSync(program, [], { cwd: folder, stdio, timeout: 60_000 });
}

module.exports = { UNIT_TESTS, runUnitTest };
