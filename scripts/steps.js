// The steps that several scripts begin with.

const { execFileSync, spawnSync } = require('node:child_process');
const path = require('node:path');

const root = path.join(__dirname, '..');

/** Installs what a part of toolchain.sh names, or throws when it cannot. Its output goes to stderr. */
function toolchain(part) {
  execFileSync(path.join(__dirname, 'toolchain.sh'), [part], { stdio: ['ignore', 2, 2] });
}

/** Runs scripts of package.json one after another, and throws when one fails. */
function npmRun(...names) {
  for (const name of names) execFileSync('npm', ['run', '--silent', name], { cwd: root, stdio: 'inherit' });
}

/** Compiles src/ into dist/ and test/ into dist-test/, as far as they have changed. */
function compile() {
  npmRun('compile', 'compile:test');
}

/** Runs this Node in the repository's root and returns its exit code. */
function runNode(args, env = {}) {
  return (
    spawnSync(process.execPath, args, { cwd: root, env: { ...process.env, ...env }, stdio: 'inherit' }).status ?? 1
  );
}

module.exports = { root, toolchain, npmRun, compile, runNode };
