#!/usr/bin/env node

// npm run test:workflow [-- --linux | --windows] [NAME…]
//
// Runs each step of .github/workflows/ on this machine, in a clone of what is committed: the steps for Linux as they are, those
// for Windows under Wine's cmd.exe. A NAME picks workflows, jobs or steps, by a part of "workflow / job / step". What cannot run
// here is replaced, and each replacement is printed: clang builds in place of MSVC, `npm ci` runs on Linux for both, nothing is
// published, and there is neither macOS nor GitHub. Actions do not run.

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { parse } = require('yaml');
const { root, toolchain } = require('./steps.js');
const { nodeBinary, runWindowsNode, windowsPath } = require('./windows-node.js');

const folder = path.join(root, '.github', 'workflows');
const { values, positionals: names } = parseArgs({
  options: { linux: { type: 'boolean' }, windows: { type: 'boolean' } },
  allowPositionals: true,
});
const wanted = (system) => values[system] || Object.keys(values).length === 0;

const { version } = require('../package.json');

/** Conditions and expressions of the workflows, by what they are here. Any other one is an error. */
const EXPRESSIONS = { 'github.run_number': '1', 'github.token': '', 'github.repository': '' };
const CONDITIONS = { "runner.os == 'Windows'": (system) => system === 'windows' };

function expand(text) {
  return text.replace(/\$\{\{ *(.+?) *\}\}/g, (_, expression) => {
    if (!(expression in EXPRESSIONS)) throw new Error(`unknown expression: ${expression}`);
    return EXPRESSIONS[expression];
  });
}

const expandAll = (env) => Object.fromEntries(Object.entries(env).map(([name, value]) => [name, expand(value)]));

function isFor(step, system) {
  if (step.if === undefined) return true;
  if (!(step.if in CONDITIONS)) throw new Error(`unknown condition: ${step.if}`);
  return CONDITIONS[step.if](system);
}

/** The systems on which a job runs, of those that are here. */
function systemsOf({ 'runs-on': label, strategy }) {
  const labels = label.includes('matrix.os') ? strategy.matrix.os : [label];
  return ['linux', 'windows'].filter((system) =>
    labels.some((one) => one.startsWith(system === 'linux' ? 'ubuntu' : 'windows')),
  );
}

/** Every step that runs a command, in order, with the name that picks it. */
function steps() {
  return fs.readdirSync(folder).flatMap((file) => {
    const { jobs } = parse(fs.readFileSync(path.join(folder, file), 'utf8'));
    return Object.entries(jobs).flatMap(([job, body]) =>
      body.steps === undefined
        ? []
        : systemsOf(body)
            .filter(wanted)
            .flatMap((system) =>
              body.steps
                .filter((step) => step.run && isFor(step, system))
                .map((step) => ({
                  system,
                  name: `${file} / ${job} / ${step.name ?? step.run}`,
                  command: expand(step.run).trim(),
                  env: expandAll({ ...body.env, ...step.env }),
                })),
            ),
    );
  });
}

/** What is run in place of a command that begins so, and why. */
const REPLACEMENTS = [
  ['npm ci', () => 'true', 'the clone has the packages of this machine already'],
  ['npm audit', () => 'true', 'the registry of this machine may answer no audit'],
  ['npm stage publish', () => 'npm publish ./release/*.tgz --ignore-scripts --dry-run', 'nothing is published'],
  ['npx --yes npm@', () => 'true', 'nothing is published'],
  ['gh ', () => 'true', 'there is no GitHub'],
  [
    'npm run check:release',
    (command) => `${command} --unpublished`,
    'the address and the date are filled in at publishing',
  ],
];
/** Of other steps, by a part of their commands. */
const NOT_HERE = [
  ['npm pack "ws-linger@', 'nothing is published'],
  ['gh issue', 'there is no GitHub'],
  ['git push', 'nothing is published'],
];

/** What is run in place of a step, and why; null where it runs as it is. */
function replacement({ command, system }) {
  const [, replace, why] = REPLACEMENTS.find(([start]) => command.startsWith(start)) ?? [];
  if (replace) return [replace(command), why];
  const [, whyNot] = NOT_HERE.find(([part]) => command.includes(part)) ?? [];
  if (whyNot) return ['true', whyNot];
  if (system === 'windows' && command.startsWith('node scripts/build-native.js'))
    return [command, 'clang builds, not MSVC'];
  return null;
}

/** Clones what is committed, with the packages that package-lock.json names. */
function clone() {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'workflow-'));
  execFileSync('git', ['clone', '--quiet', '--local', root, made], { stdio: ['ignore', 2, 2] });
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--silent'], { cwd: made, stdio: ['ignore', 2, 2] });
  // What npm writes beside each program on Windows, so that cmd.exe finds it.
  const programs = path.join(made, 'node_modules', '.bin');
  for (const name of fs.readdirSync(programs)) {
    const target = fs.readlinkSync(path.join(programs, name)).replaceAll('/', '\\');
    writeBatchFile(programs, name, `%~dp0\\${target}`);
  }
  writeBatchFile(programs, 'npm', windowsPath(npmProgram()));
  return made;
}

function writeBatchFile(folder, name, program) {
  fs.writeFileSync(path.join(folder, `${name}.cmd`), `@node "${program}" %*\r\n`);
}

function npmProgram() {
  const npm = fs.realpathSync(execFileSync('which', ['npm'], { encoding: 'utf8' }).trim());
  return path.join(path.dirname(npm), 'npm-cli.js');
}

function onLinux(command, cwd, env) {
  const child = spawn('bash', ['-e', '-o', 'pipefail', '-c', command], {
    cwd,
    env: {
      ...process.env,
      GITHUB_REF_NAME: `v${version}`,
      GITHUB_REPOSITORY: 'owner/ws-linger',
      GITHUB_OUTPUT: os.devNull,
      ...env,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve) => child.on('close', resolve));
}

/** Runs `npm …` by npm's own program on Windows Node, which starts each script by Wine's cmd.exe. */
async function onWindows(command, cwd, env) {
  const [program, ...args] = command.split(' ');
  if (program !== 'npm') throw new Error(`only npm commands run on Windows here, not: ${command}`);
  const windowsEnv = {
    WINEPATH: windowsPath(path.dirname(nodeBinary('win', 24))),
    npm_config_update_notifier: 'false',
    WS_LINGER_PROOF_ON_WINE: '1',
  };
  const { code } = await runWindowsNode([windowsPath(npmProgram()), ...args], {
    cwd,
    env: { ...env, ...windowsEnv },
  });
  return code;
}

async function main() {
  toolchain('network');
  const picked = steps().filter(({ name }) => names.length === 0 || names.some((one) => name.includes(one)));
  if (picked.length === 0) throw new Error(`no step is called ${names.join(' or ')}`);
  const clones = {};
  const results = [];
  for (const step of picked) {
    const { system, name, env } = step;
    // Steps of one system follow one another in one folder, as on a runner.
    clones[system] ??= clone();
    const [command, why] = replacement(step) ?? [step.command, ''];
    console.log(`\n=== ${system}: ${name}${why ? ` (${why})` : ''}\n$ ${command}`);
    const began = Date.now();
    const asWindows = system === 'windows' && why === '';
    const code = await (asWindows ? onWindows : onLinux)(command, clones[system], env);
    const seconds = Math.round((Date.now() - began) / 1000);
    results.push({
      line: `${code === 0 ? 'passed' : 'FAILED'} ${`${seconds} s`.padStart(7)}  ${system}: ${name}${why ? ` (${why})` : ''}`,
      code,
    });
  }
  for (const made of Object.values(clones)) fs.rmSync(made, { recursive: true, force: true });
  console.log(`\n${results.map(({ line }) => line).join('\n')}`);
  const failed = results.filter(({ code }) => code !== 0).length;
  console.log(`${results.length - failed} steps passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
