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

/** The files and folders that are published, in the repository's root. */
function published() {
  const { files } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  return [...files.filter((file) => !file.startsWith('!')), 'package.json', 'README.md', 'LICENSE'];
}

/** npm keeps the modes of files, which in a clone follow the umask of whoever made it. */
function settleModes(folder) {
  for (const name of published()) {
    const at = path.join(folder, name);
    const isFolder = fs.statSync(at).isDirectory();
    const entries = isFolder ? fs.readdirSync(at, { recursive: true }).map((entry) => path.join(at, entry)) : [at];
    for (const file of entries) if (fs.statSync(file).isFile()) fs.chmodSync(file, 0o644);
  }
  fs.chmodSync(path.join(folder, 'dist', 'tools', 'cli', 'main.js'), 0o755);
}

/** Makes the dist/ of a folder, the repository or a copy of what is published of it, what is published. */
async function build(folder) {
  const { bundle } = require('./bundle.js');
  const { licenses } = require('./licenses.js');
  const dist = path.join(folder, 'dist');
  fs.writeFileSync(path.join(dist, MARK), '');
  const packages = await bundle(dist);
  fs.writeFileSync(path.join(dist, 'LICENSES.txt'), licenses(packages));
  fs.rmSync(path.join(dist, '.tsbuildinfo'), { force: true });
  settleModes(folder);
}

/** Packs the package into a folder and returns the tarball's path. dist/ stays as it is, so tests may run meanwhile. */
async function pack(destination) {
  compile();
  const stage = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-linger-pack-'));
  try {
    for (const file of published()) fs.cpSync(path.join(root, file), path.join(stage, file), { recursive: true });
    await build(stage);
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
  build(root);
}
