// The size of a package with its dependencies, as it lies in an application's node_modules.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { packed } = require('../harness/packed.js');

const root = path.join(__dirname, '..', '..');
const shell = process.platform === 'win32'; // npm is a script there
const npm = (...args) => execFileSync('npm', args, { cwd: root, encoding: 'utf8', shell, maxBuffer: 2 ** 26 });

/** Bytes of the files in a package's folder, without packages nested in it: those are counted by themselves. */
function sizeOf(folder) {
  const files = fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const own = files.filter(
    ({ parentPath, path: old }) => !path.relative(folder, parentPath ?? old).includes('node_modules'),
  );
  return own.reduce(
    (sum, { parentPath, path: old, name }) => sum + fs.statSync(path.join(parentPath ?? old, name)).size,
    0,
  );
}

function installedSize(contestant) {
  if (contestant === 'ws') {
    return { kilobytes: sizeOf(path.join(root, 'node_modules', 'ws-upstream')) / 1024, packages: 1 };
  }
  const listed = npm('ls', '--omit=dev', '--omit=peer', '--all', '--parseable').trim().split(/\r?\n/);
  const dependencies = listed.filter((folder) => path.relative(root, folder) !== '');
  const bytes = dependencies.reduce((sum, folder) => sum + sizeOf(folder), sizeOf(packed('ws-linger')));
  return { kilobytes: bytes / 1024, packages: 1 + dependencies.length };
}

module.exports = { installedSize };
