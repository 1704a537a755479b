// The licences of the packages whose code is in the published files.

const fs = require('node:fs');
const path = require('node:path');
const { root } = require('../steps.js');

function licenseOf(name) {
  const folder = path.join(root, 'node_modules', name);
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const file = fs.readdirSync(folder).find((entry) => /^licen[cs]e([-.]\w+)*$/i.test(entry));
  if (!file) throw new Error(`${name} has no file with its licence`);
  const text = fs.readFileSync(path.join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim();
  return `${manifest.name} ${manifest.version} (${manifest.license})\n\n${text}\n`;
}

/** The text of LICENSES.txt. */
function licenses(packages) {
  const head = 'dist/tools/libraries and dist/types contain code and declarations of these packages.\n';
  return [head, ...packages.map(licenseOf)].join(`\n${'-'.repeat(80)}\n\n`);
}

module.exports = { licenses };
