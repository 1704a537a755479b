#!/usr/bin/env node

// npm pack and npm publish call this before they pack (prepack): it makes dist/ what is published. Afterwards (postpack)
// scripts/compile.js makes it what this repository's tests need.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { root } = require('../steps.js');

/** Says to scripts/compile.js that a folder is not as the compiler made it. */
const MARK = '.packed';

const compile = () =>
  execFileSync(process.execPath, [path.join('scripts', 'compile.js')], { cwd: root, stdio: [0, 2, 2] });

/** Makes a folder, a copy of dist/ or dist/ itself, what is published. */
async function build(dist) {
  const { bundle } = require('./bundle.js');
  const { licenses } = require('./licenses.js');
  fs.writeFileSync(path.join(dist, MARK), '');
  const packages = await bundle(dist);
  fs.writeFileSync(path.join(dist, 'LICENSES.txt'), licenses(packages));
  fs.rmSync(path.join(dist, '.tsbuildinfo'), { force: true });
  fs.chmodSync(path.join(dist, 'tools', 'cli', 'main.js'), 0o755);
}

/** Packs the package into a folder and returns the tarball's path. dist/ stays as it is, so tests may run meanwhile. */
async function pack(destination) {
  compile();
  const stage = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-linger-pack-'));
  try {
    const { files } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
    const listed = files.filter((file) => !file.startsWith('!'));
    for (const file of [...listed, 'package.json', 'README.md', 'LICENSE']) {
      fs.cpSync(path.join(root, file), path.join(stage, file), { recursive: true });
    }
    await build(path.join(stage, 'dist'));
    const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', destination];
    const shell = process.platform === 'win32'; // npm is a script there
    const [{ filename }] = JSON.parse(execFileSync('npm', args, { cwd: stage, shell, encoding: 'utf8' }));
    return path.join(destination, filename);
  } finally {
    fs.rmSync(stage, { recursive: true, force: true });
  }
}

module.exports = { MARK, pack };

if (require.main === module) {
  const dist = path.join(root, 'dist');
  fs.rmSync(dist, { recursive: true, force: true });
  compile();
  build(dist);
}
