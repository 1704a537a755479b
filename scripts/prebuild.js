#!/usr/bin/env node

// npm run prebuild: builds prebuilds/ from native/, the same bytes on every Debian 12, and writes their checksums.
// Exports the same as a function for the check.

const { execFileSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const ARCHES = ['x64', 'ia32', 'arm64'];
const binaryOf = (arch) => path.join('prebuilds', `win32-${arch}`, 'ws-linger.node');

/** Builds into `folder`, which holds package.json, binding.gyp and native/. */
function prebuild(folder) {
  execFileSync(path.join(__dirname, 'toolchain.sh'), ['build'], { stdio: ['ignore', 2, 2] });
  for (const arch of ARCHES) {
    // Not for the version of Node that runs this: with Node-API it only names the release that prebuildify passes on.
    execFileSync(process.execPath, [require.resolve('prebuildify/bin.js'), '--napi', '--target=20.20.2'], {
      cwd: folder,
      env: {
        ...process.env,
        PREBUILD_PLATFORM: 'win32',
        PREBUILD_ARCH: arch,
        PREBUILD_NODE_GYP: path.join(__dirname, 'node-gyp-cross.js'),
      },
      stdio: ['ignore', 2, 2],
    });
    fs.chmodSync(path.join(folder, binaryOf(arch)), 0o644);
  }
  const sums = ARCHES.map(binaryOf).map((file) => {
    const sum = createHash('sha256')
      .update(fs.readFileSync(path.join(folder, file)))
      .digest('hex');
    return `${sum}  ${file}\n`;
  });
  fs.writeFileSync(path.join(folder, 'prebuilds', 'SHA256SUMS'), sums.join(''));
}

module.exports = { ARCHES, binaryOf, prebuild };

if (require.main === module) prebuild(path.join(__dirname, '..'));
