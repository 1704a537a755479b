#!/usr/bin/env node

// npm run compile: compiles src/ into dist/, as far as it has changed, and makes the declarations that users get.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { root } = require('./steps.js');

const dist = path.join(root, 'dist');
const run = (script, ...args) => execFileSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });

/** The files below a folder whose names end so. */
function filesIn(folder, ending) {
  return fs
    .readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith(ending))
    .map((file) => path.join(folder, file));
}

/** Whether an input of build-types.js is newer than what it made. */
function typesAreStale() {
  const made = path.join(dist, 'types', 'index.d.mts');
  if (!fs.existsSync(made)) return true;
  const inputs = [
    ...filesIn(dist, '.d.ts').filter((file) => path.basename(path.dirname(file)) !== 'types'),
    ...filesIn(path.join(root, 'scripts', 'types'), '.js'),
    path.join(root, 'src', 'wrapper.mts'),
    require.resolve('@types/ws-upstream/package.json'),
  ];
  const at = fs.statSync(made).mtimeMs;
  return inputs.some((file) => fs.statSync(file).mtimeMs > at);
}

const tsc = path.join(path.dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
try {
  run(tsc, '-p', 'tsconfig.json', '--incremental', '--tsBuildInfoFile', path.join('dist', '.tsbuildinfo'));
  if (typesAreStale()) run(path.join('scripts', 'types', 'build.js'));
  fs.chmodSync(path.join(dist, 'tools', 'cli', 'main.js'), 0o755);
} catch (error) {
  // The compiler has said what is wrong.
  if (error.status === undefined || error.status === null) throw error;
  process.exitCode = error.status;
}
