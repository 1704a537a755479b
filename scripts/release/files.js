#!/usr/bin/env node

// npm run release:files -- FOLDER: makes the files of a release from what is committed: the tarball, what it contains and needs
// (an SBOM in CycloneDX), and the SHA-256 of each. The same commit gives the same bytes.

const { execFileSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { npm, root } = require('../steps.js');
const { withBundled } = require('./sbom.js');

const text = (command, ...args) => execFileSync(command, args, { cwd: root, encoding: 'utf8' });
const sbom = (...args) => JSON.parse(npm(['sbom', '--sbom-format', 'cyclonedx', ...args], { encoding: 'utf8' }));

function makeFiles(folder) {
  fs.mkdirSync(folder, { recursive: true });
  npm(['pack', '--silent', '--pack-destination', folder], { stdio: [0, 'ignore', 2] });
  const tarball = fs.readdirSync(folder).find((name) => name.endsWith('.tgz'));
  const licenses = text('tar', 'xzOf', path.join(folder, tarball), 'package/dist/LICENSES.txt');
  const committedAt = text('git', 'log', '-1', '--format=%cI').trim();
  const contents = withBundled({ installed: sbom('--omit', 'dev'), all: sbom(), licenses, committedAt });
  const name = tarball.replace(/\.tgz$/, '.cdx.json');
  fs.writeFileSync(path.join(folder, name), `${JSON.stringify(contents, null, 2)}\n`);
  const sums = [name, tarball].sort().map((file) => {
    const sum = createHash('sha256')
      .update(fs.readFileSync(path.join(folder, file)))
      .digest('hex');
    return `${sum}  ${file}\n`;
  });
  fs.writeFileSync(path.join(folder, 'SHA256SUMS'), sums.join(''));
  return sums;
}

const [folder] = process.argv.slice(2);
if (!folder) throw new Error('give the folder: npm run release:files -- FOLDER');
if (fs.existsSync(folder) && fs.readdirSync(folder).length > 0) throw new Error(`${folder} is not empty`);
process.stdout.write(makeFiles(path.resolve(root, folder)).join(''));
