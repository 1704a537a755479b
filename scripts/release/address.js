#!/usr/bin/env node

// npm run release:address -- https://HOST/OWNER/NAME: the one place where the repository's address is given. It fills in `repository`,
// `homepage` and `bugs` of package.json, and makes README's links absolute, since npm shows README where the other files are not.

const fs = require('node:fs');
const path = require('node:path');
const { root } = require('../steps.js');
const { withLinks } = require('./links.js');

/** The links go to the files of a release, which stay what they were. */
function absolute(link, address, tag) {
  if (/^(https?:|#)/.test(link)) return link;
  return `${address}/${/\.(png|svg)$/.test(link) ? 'raw' : 'blob'}/${tag}/${link}`;
}

/** package.json and README.md with the address in them. */
function withAddress({ manifest, readme }, address) {
  const { name, version, description, keywords, license, author, ...rest } = manifest;
  const filled = {
    repository: { type: 'git', url: `git+${address}.git` },
    homepage: `${address}#readme`,
    bugs: { url: `${address}/issues` },
  };
  return {
    manifest: { name, version, description, keywords, license, author, ...filled, ...rest, ...filled },
    readme: withLinks(readme, (link) => absolute(link, address, `v${version}`)),
  };
}

module.exports = { withAddress };

if (require.main === module) {
  const address = (process.argv[2] ?? '').replace(/\/$/, '');
  if (!/^https:\/\/[^/]+\/[^/]+\/[^/]+$/.test(address)) throw new Error('give the address: https://HOST/OWNER/NAME');
  const files = { manifest: path.join(root, 'package.json'), readme: path.join(root, 'README.md') };
  const before = {
    manifest: JSON.parse(fs.readFileSync(files.manifest, 'utf8')),
    readme: fs.readFileSync(files.readme, 'utf8'),
  };
  const after = withAddress(before, address);
  fs.writeFileSync(files.manifest, `${JSON.stringify(after.manifest, null, 2)}\n`);
  fs.writeFileSync(files.readme, after.readme);
}
