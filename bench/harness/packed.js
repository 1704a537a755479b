// The package as users get it, beside ws: what is in the repository's dist/ is compiled file by file, for its tests.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');
const modules = path.join(__dirname, '..', 'node_modules', '.packed', 'node_modules');

/** Where a package lies, 'ws-upstream' or 'ws-linger'. */
const packed = (name) => path.join(modules, name);

/** Packs and unpacks. Not inside Wine, which has no npm: the process outside calls this. */
async function makePacked() {
  const { pack } = require('../../scripts/package/build.js');
  fs.rmSync(modules, { recursive: true, force: true });
  fs.mkdirSync(packed('ws-linger'), { recursive: true });
  const tarball = await pack(modules);
  execFileSync('tar', ['xzf', path.basename(tarball), '--strip-components=1', '-C', 'ws-linger'], { cwd: modules });
  fs.rmSync(tarball);
  fs.cpSync(path.join(root, 'node_modules', 'ws-upstream'), packed('ws-upstream'), { recursive: true });
}

module.exports = { makePacked, packed };
