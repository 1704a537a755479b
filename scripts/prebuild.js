#!/usr/bin/env node

// npm run prebuild: cross-compiles native/ for Windows on x64, ia32 and arm64 into prebuilds/, and writes SHA256SUMS.
//
// Debian 12 gives the same bytes in every folder. Commit both with the source; `npm run check:prebuilds` builds them again and
// compares. On Windows `npx node-gyp rebuild` builds with MSVC into build/Release, where the loader looks after prebuilds/.

const { execFileSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { root, toolchain } = require('./steps.js');

const ARCHES = ['x64', 'ia32', 'arm64'];
const binaryOf = (arch) => path.join('prebuilds', `win32-${arch}`, 'ws-linger.node');

/** Builds the prebuilds/ of a folder that has package.json, binding.gyp and native/. */
function prebuild(folder) {
  toolchain('build');
  for (const arch of ARCHES) {
    // With Node-API the target is only a name that prebuildify passes on; without it that would be this Node's version.
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

if (require.main === module) prebuild(root);
