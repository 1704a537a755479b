#!/usr/bin/env node

// npm run release:address -- https://HOST/OWNER/NAME: the one place where the repository's address is given. It fills in `repository`,
// `homepage` and `bugs` of package.json, makes README's links absolute, since npm shows README where the other files are not, and links
// SECURITY.md to GitHub's form.

const fs = require('node:fs');
const path = require('node:path');
const { root } = require('../steps.js');
const { withLinks } = require('./links.js');

/** The links go to the files of a release, which stay what they were. */
function absolute(link, address, tag) {
  if (/^(https?:|#)/.test(link)) return link;
  return `${address}/${/\.(png|svg)$/.test(link) ? 'raw' : 'blob'}/${tag}/${link}`;
}

/** What SECURITY.md calls it, before it has its address and afterwards. */
const FORM = /\*\*Report a vulnerability\*\*|\[Report a vulnerability\]\([^)]*\)/;

/** package.json, README.md and SECURITY.md with the address in them. */
function withAddress({ manifest, readme, security }, address) {
  const { name, version, description, keywords, license, author, ...rest } = manifest;
  const filled = {
    repository: { type: 'git', url: `git+${address}.git` },
    homepage: `${address}#readme`,
    bugs: { url: `${address}/issues` },
  };
  return {
    manifest: { name, version, description, keywords, license, author, ...filled, ...rest, ...filled },
    readme: withLinks(readme, (link) => absolute(link, address, `v${version}`)),
    security: security.replace(FORM, `[Report a vulnerability](${address}/security/advisories/new)`),
  };
}

module.exports = { withAddress };

if (require.main === module) {
  const address = (process.argv[2] ?? '').replace(/\/$/, '');
  if (!/^https:\/\/[^/]+\/[^/]+\/[^/]+$/.test(address)) throw new Error('give the address: https://HOST/OWNER/NAME');
  const at = (name) => path.join(root, name);
  const read = (name) => fs.readFileSync(at(name), 'utf8');
  const before = {
    manifest: JSON.parse(read('package.json')),
    readme: read('README.md'),
    security: read('SECURITY.md'),
  };
  const { manifest, readme, security } = withAddress(before, address);
  fs.writeFileSync(at('package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  fs.writeFileSync(at('README.md'), readme);
  fs.writeFileSync(at('SECURITY.md'), security);
}
