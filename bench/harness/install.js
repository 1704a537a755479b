// Installs bench/node_modules: the libraries to compare with, and the tools to measure and draw.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const bench = path.join(__dirname, '..');

function installPeers() {
  const installed = path.join(bench, 'node_modules', '.package-lock.json');
  const wanted = path.join(bench, 'package.json');
  if (fs.existsSync(installed) && fs.statSync(installed).mtimeMs >= fs.statSync(wanted).mtimeMs) return;
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const shell = process.platform === 'win32'; // npm is a script there
  const { status } = spawnSync('npm', args, { cwd: bench, shell, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`npm install in bench/ ended with ${status}`);
}

module.exports = { installPeers };
