#!/usr/bin/env node

// npm run build:native [-- --use]: builds native/ from source into build/Release, where the loader looks after prebuilds/: with
// MSVC on Windows, elsewhere with the cross-compiler, for Windows x64. With --use it also deletes what prebuilds/ has for that
// platform, so that the build is used; `git checkout prebuilds` brings it back.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { root, toolchain } = require('./steps.js');

const windows = process.platform === 'win32';
const arch = windows ? process.arch : 'x64';
if (!windows) toolchain('build');
const builder = windows ? require.resolve('node-gyp/bin/node-gyp.js') : path.join(__dirname, 'node-gyp-cross.js');
const args = [builder, 'rebuild', `--arch=${arch}`, '--silent'];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
const built = path.join(root, 'build', 'Release', 'ws-linger.node');
if (status !== 0 || !fs.existsSync(built)) throw new Error(`node-gyp ended with ${status}`);
console.log(`built ${path.relative(root, built)} for win32-${arch}: ${fs.statSync(built).size} bytes`);
if (process.argv.includes('--use')) {
  fs.rmSync(path.join(root, 'prebuilds', `win32-${arch}`), { recursive: true, force: true });
  console.log(`prebuilds/win32-${arch} is deleted, so that the build is used`);
}
