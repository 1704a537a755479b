#!/usr/bin/env node

// npm run check:native: checks native/. clang-format finds no difference and clang-tidy no fault, the unit test of the socket
// lookup passes on a real libuv loop under AddressSanitizer, and the socket tests pass on Windows Node under Wine with a
// build that traps on undefined behaviour.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { LLVM, flagsFor, targetOf } = require('./cross-target.js');
const { compile, root, toolchain } = require('./steps.js');
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

function format() {
  const files = sources('native', 'native/cross', 'native/test');
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
    ...flags.map((flag) => `--extra-arg=${flag}`),
    ...files,
  ]);
}

function unitTest() {
  const program = path.join(work, 'lookup-test');
  run(`${LLVM}/clang++`, [
    ...['-std=c++17', '-g', '-Wall', '-Wextra', '-Werror'],
    ...['-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
    '-Wl,--wrap=getsockname,--wrap=getpeername',
    ...sources('native/test').filter((file) => file.endsWith('.cc')),
    ...['four_tuple.cc', 'socket_index.cc', 'socket_lookup.cc'].map((name) => path.join('native', name)),
    ...['-luv', '-o', program],
  ]);
  run(program, []);
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
  for (const step of [format, tidy, unitTest, undefinedBehaviour]) {
    const began = Date.now();
    await step();
    console.log(`=== ${step.name}: passed, ${Math.round((Date.now() - began) / 1000)} s`);
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
