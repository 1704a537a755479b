#!/usr/bin/env node

// npm run test:mutants [-- --jobs N] [ID…]
//
// Builds mutants of native/, one change each (native/test/mutants/), and runs the tests that should fail for them: the unit
// tests on Linux, then those of the addon on Windows Node under Wine. Fails where a mutant survives without a reason in the list,
// and where fewer than 92 % are killed of those that are not equivalent. An ID picks a mutant. With two jobs it takes some 25 minutes.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { LLVM } = require('./cross-target.js');
const { UNIT_TESTS } = require('./native-unit-tests.js');
const { compile, root, toolchain } = require('./steps.js');
const { runWindowsNode } = require('./windows-node.js');
const MUTANTS = [...require('../native/test/mutants/sockets.js'), ...require('../native/test/mutants/boundary.js')];

/** This share has to be killed, of the mutants that are not equivalent to the original. */
const WANTED = 0.92;
/** From the one that kills most. A mutant is killed by the first that fails. */
const WINDOWS_TESTS = ['native', 'native-edges', 'socket-control', 'control'].map(
  (name) => `dist-test/socket-control/${name}.test.js`,
);

const { values, positionals: ids } = parseArgs({ options: { jobs: { type: 'string' } }, allowPositionals: true });
const quiet = { stdio: ['ignore', 'ignore', 'ignore'] };

/** A copy of the project in which mutants are built, in the project, so that its dependencies resolve. */
class Bench {
  constructor(number) {
    this.folder = path.join(root, '.cross', 'mutants', String(number));
    fs.rmSync(this.folder, { recursive: true, force: true });
    for (const name of ['package.json', 'binding.gyp', 'native', 'dist', 'dist-test', 'prebuilds']) {
      fs.cpSync(path.join(root, name), path.join(this.folder, name), { recursive: true });
    }
    fs.rmSync(path.join(this.folder, 'prebuilds', 'win32-x64'), { recursive: true });
    this.#node('rebuild');
    for (const { tests, tested, options } of UNIT_TESTS) {
      for (const file of [...tests.map((name) => path.join('test', name)), ...tested]) this.#object(file, options);
    }
  }

  #node(command) {
    const args = [path.join(__dirname, 'node-gyp-cross.js'), command, '--arch=x64', '--silent'];
    const env = { ...process.env, CXXFLAGS: '-w' }; // a mutant may leave something unused
    execFileSync(process.execPath, args, { cwd: this.folder, env, ...quiet });
  }

  #object(file, options) {
    const object = path.join(this.folder, `${path.basename(file)}.o`);
    const flags = ['-std=c++17', '-O1', '-w', ...options.filter((option) => option.startsWith('-I'))];
    const args = [...flags, '-c', path.join('native', file), '-o', object];
    execFileSync(`${LLVM}/clang++`, args, { cwd: this.folder, ...quiet });
    return object;
  }

  /** The first test that fails for the mutant; null where none does. */
  async killer({ file, from, to }) {
    const source = path.join(this.folder, 'native', file);
    const original = fs.readFileSync(source, 'utf8');
    if (original.split(from).length !== 2) throw new Error(`${file} does not have this once: ${from}`);
    fs.writeFileSync(
      source,
      original.replace(from, () => to),
    );
    try {
      return this.#unitTest(file) ?? (await this.#windowsTest());
    } finally {
      fs.writeFileSync(source, original);
      for (const { tested, options } of UNIT_TESTS) if (tested.includes(file)) this.#object(file, options);
    }
  }

  #unitTest(mutated) {
    const test = UNIT_TESTS.find(({ tested }) => tested.includes(mutated));
    if (!test) return null;
    const { name, tests, tested, options } = test;
    this.#object(mutated, options);
    const objects = [...tests, ...tested].map((file) => path.join(this.folder, `${path.basename(file)}.o`));
    const program = path.join(this.folder, name);
    const linking = options.filter((option) => !option.startsWith('-I'));
    execFileSync(`${LLVM}/clang++`, [...objects, ...linking, '-o', program], quiet);
    try {
      execFileSync(program, [], { ...quiet, timeout: 60_000 });
      return null;
    } catch {
      return name;
    }
  }

  /** Fails where the tests fail without a mutant: then they would kill any. */
  async checkOriginal() {
    const failed = await this.#windowsTest();
    if (failed) throw new Error(`${failed} fails without a mutant`);
  }

  async #windowsTest() {
    this.#node('build');
    const env = { WS_LINGER_TEST_CONTROL: 'native' };
    for (const file of WINDOWS_TESTS) {
      const args = ['--test', '--test-force-exit', '--test-timeout=120000', file];
      const { code } = await runWindowsNode(args, { cwd: this.folder, env, quiet: true });
      if (code !== 0) return path.basename(file, '.test.js');
    }
    return null;
  }
}

async function main() {
  toolchain('native');
  compile();
  const picked = MUTANTS.filter(({ id }) => ids.length === 0 || ids.includes(id));
  const queue = [...picked];
  const results = new Map();
  const work = async (number) => {
    const bench = new Bench(number);
    if (number === 0) await bench.checkOriginal();
    for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
      let killer;
      try {
        killer = await bench.killer(mutant);
      } catch (error) {
        killer = `an error: ${error.message.split('\n')[0]}`;
      }
      results.set(mutant.id, killer);
      console.log(
        `${mutant.id.padEnd(4)} ${mutant.what.padEnd(60)} ${killer ?? `survives. ${mutant.survives?.reason ?? ''}`}`,
      );
    }
  };
  const jobs = Array.from({ length: Number(values.jobs ?? 2) }, (_, number) => work(number));
  await Promise.all(jobs);

  const survivors = picked.filter(({ id }) => results.get(id) === null);
  const errors = picked.filter(({ id }) => results.get(id)?.startsWith('an error'));
  const killed = picked.length - survivors.length - errors.length;
  for (const { id, what } of survivors.filter(({ survives }) => !survives))
    console.log(`SURVIVES without a reason: ${id} ${what}`);
  for (const { id } of errors) console.log(`NOT BUILT: ${id}`);
  const equivalent = survivors.filter(({ survives }) => survives?.isEquivalent).length;
  const share = killed / (picked.length - equivalent);
  console.log(
    `${killed} of ${picked.length} mutants killed, ${survivors.length} survive, ${equivalent} of these are equivalent: ` +
      `${(100 * share).toFixed(1)} % of the others are killed, ${100 * WANTED} % are wanted`,
  );
  const fails = survivors.some(({ survives }) => !survives) || errors.length > 0;
  process.exitCode = fails || (ids.length === 0 && share < WANTED) ? 1 : 0;
}

main();
