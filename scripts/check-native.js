#!/usr/bin/env node

// npm run check:native: checks native/. clang-format finds no difference and clang-tidy no fault, the unit tests pass under
// AddressSanitizer (the socket lookup on a real libuv loop, the Winsock calls on a Winsock that is made up), the fuzz targets hold for
// their corpus, and the socket tests pass on Windows Node under Wine with a build that traps on undefined behaviour.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { LLVM, flagsFor, targetOf } = require('./cross-target.js');
const { compile, root, toolchain } = require('./steps.js');
const { NATIVE_TARGETS, buildTarget, replayCorpus } = require('./native-fuzz.js');
const { UNIT_TESTS, runUnitTest } = require('./native-unit-tests.js');
const { runWindowsNode } = require('./windows-node.js');

const work = path.join(root, '.cross', 'check');
const run = (command, args, options) => execFileSync(command, args, { cwd: root, stdio: ['ignore', 1, 2], ...options });
const sources = (...folders) =>
  folders.flatMap((folder) =>
    fs
      .readdirSync(path.join(root, folder))
      .filter((name) => /\.(cc|h)$/.test(name))
      .map((name) => path.join(folder, name)),
  );
const cross = (args, options) => run(process.execPath, [path.join(__dirname, 'node-gyp-cross.js'), ...args], options);

const escaped = (text) => text.replace(/[^\w/]/g, '\\$&');

function format() {
  const files = sources('native', 'native/cross', 'native/test', 'native/test/fake', 'native/fuzz');
  run(`${LLVM}/clang-format`, ['--dry-run', '--Werror', ...files]);
}

function tidy() {
  // gyp writes compile_commands.json for the host's compiler, so the cross-compiler's flags are added below.
  cross(['configure', '--arch=x64', '--silent', '--', '-f', 'compile_commands_json']);
  const flags = [...flagsFor(targetOf('x64'), root), '-Wno-unused-command-line-argument'];
  const files = sources('native').filter((file) => file.endsWith('.cc'));
  run(`${LLVM}/clang-tidy`, [
    '-p',
    'build/Release',
    '--quiet',
    // Whatever the clone's own path has in it.
    `--header-filter=^${escaped(root)}/native/[a-z_]+\\.h$`,
    ...flags.map((flag) => `--extra-arg=${flag}`),
    ...files,
  ]);
}

const SANITIZERS = ['-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

function unitTests() {
  fs.cpSync(path.join(root, 'native'), path.join(work, 'unit', 'native'), { recursive: true });
  for (const test of UNIT_TESTS) runUnitTest(test, path.join(work, 'unit'), SANITIZERS, 2);
}

function fuzzCorpus() {
  for (const target of NATIVE_TARGETS) {
    const program = path.join(work, target.name);
    buildTarget(target, root, program);
    replayCorpus(target, root, program);
  }
}

/** Tests a copy of the project that has an instrumented addon. The copy lies in the project, so its dependencies resolve. */
async function undefinedBehaviour() {
  const copy = path.join(work, 'ubsan');
  fs.rmSync(copy, { recursive: true, force: true });
  compile();
  for (const name of ['package.json', 'binding.gyp', 'native', 'dist', 'dist-test']) {
    fs.cpSync(path.join(root, name), path.join(copy, name), { recursive: true });
  }
  const CXXFLAGS = '-fsanitize=undefined -fsanitize-trap=all';
  cross(['rebuild', '--arch=x64', '--silent'], { cwd: copy, env: { ...process.env, CXXFLAGS } });

  const tests = ['socket-control/socket-control', 'connection/abort'].map((name) => `dist-test/${name}.test.js`);
  const env = { WS_LINGER_TEST_CONTROL: 'native' };
  const { code } = await runWindowsNode(['--test', '--test-force-exit', ...tests], { cwd: copy, env });
  if (code !== 0) throw new Error(`the tests ended with ${code}`);
}

async function main() {
  toolchain('native');
  fs.mkdirSync(work, { recursive: true });
  for (const step of [format, tidy, unitTests, fuzzCorpus, undefinedBehaviour]) {
    const began = Date.now();
    await step();
    console.log(`=== ${step.name}: passed, ${Math.round((Date.now() - began) / 1000)} s`);
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
