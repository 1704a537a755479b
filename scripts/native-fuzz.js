// The fuzz targets of native/, which run on Linux: libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { LLVM } = require('./cross-target.js');

const SANITIZERS = ['-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all'];
/** The targets ask sockets that are made up. */
const NAMES = '-Wl,--wrap=getsockname,--wrap=getpeername';

/** The targets: their sources, the sources that they test, and the options that they need. */
const NATIVE_TARGETS = [
  { name: 'four-tuple', source: 'four_tuple_fuzz.cc', tested: ['four_tuple.cc'], options: [NAMES] },
  {
    name: 'socket-index',
    source: 'socket_index_fuzz.cc',
    tested: ['four_tuple.cc', 'socket_index.cc'],
    options: [NAMES],
  },
  {
    name: 'socket-lookup',
    source: 'socket_lookup_fuzz.cc',
    tested: ['four_tuple.cc', 'socket_index.cc', 'socket_lookup.cc'],
    options: [`${NAMES},--wrap=uv_now`, '-luv'],
  },
];

/** Builds a target of the native/ in `folder`. */
function buildTarget({ source, tested, options }, folder, program) {
  const files = [
    path.join('native/fuzz', source),
    'native/fuzz/sockets.cc',
    ...tested.map((file) => path.join('native', file)),
  ];
  const flags = ['-std=c++17', '-g', '-O1', '-Wall', '-Wextra', '-Werror', ...SANITIZERS];
  execFileSync(`${LLVM}/clang++`, [...flags, ...files, ...options, '-o', program], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
  });
}

/** Gives a target each input of its corpus once. Throws when one fails. */
function replayCorpus(target, folder, program) {
  const corpus = path.join(folder, 'native', 'fuzz', 'corpus', target.name);
  const inputs = fs.readdirSync(corpus).map((file) => path.join(corpus, file));
  execFileSync(program, inputs, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 });
}

module.exports = { NATIVE_TARGETS, buildTarget, replayCorpus };
