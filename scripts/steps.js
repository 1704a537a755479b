// The steps that several scripts begin with.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');

/** Installs what a part of toolchain.sh names, or throws when it cannot. Its output goes to stderr. */
function toolchain(part) {
  if (process.platform !== 'linux') throw new Error('this needs Linux: it installs tools by scripts/toolchain.sh');
  execFileSync(path.join(__dirname, 'toolchain.sh'), [part], { stdio: ['ignore', 2, 2] });
}

/** Runs npm with these arguments in the repository's root, on any platform, and throws when it fails. */
function npm(args, options = {}) {
  const cli = process.env.npm_execpath;
  // On Windows npm is a batch file, which only a shell runs. Within `npm run` there is the program itself.
  if (cli?.endsWith('npm-cli.js')) return execFileSync(process.execPath, [cli, ...args], { cwd: root, ...options });
  return execFileSync('npm', args, { cwd: root, shell: process.platform === 'win32', ...options });
}

/** Runs scripts of package.json one after another, and throws when one fails. */
function npmRun(...names) {
  for (const name of names) npm(['run', '--silent', name], { stdio: 'inherit' });
}

/** Compiles src/ into dist/ and test/ into dist-test/, as far as they have changed. */
function compile() {
  npmRun('compile', 'compile:test');
}

/** The compiled tests of a folder of test/, as paths from the root. */
function testsIn(folder) {
  const compiled = path.join('dist-test', folder);
  const files = fs.readdirSync(path.join(root, compiled)).filter((file) => file.endsWith('.test.js'));
  return files.map((file) => path.join(compiled, file));
}

/** Runs this Node in the repository's root and returns its exit code. */
function runNode(args, env = {}) {
  return (
    spawnSync(process.execPath, args, { cwd: root, env: { ...process.env, ...env }, stdio: 'inherit' }).status ?? 1
  );
}

module.exports = { root, toolchain, npm, npmRun, compile, testsIn, runNode };
