#!/usr/bin/env node

// windows-node.js [--node VERSION] ARG…: runs Windows Node under Wine, as `node ARG…` would run here.
// Exports the same as a function for the other scripts.

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

// The node.exe of each release line ships inside an npm package of this name and version.
// The last line that was built for 32 bits is called ia32 here.
const VERSIONS = { 22: '22.23.3', 24: '24.21.0', 26: '26.10.0', ia32: '22.23.2' };

const cache =
  process.env.WS_LINGER_CACHE ||
  path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'ws-linger');
const wineRoot = path.join(cache, 'wine-root');

/** Path of a Node binary of another version or platform ('win' or 'linux'), fetched from npm when it is not there. */
function nodeBinary(platform, major) {
  const product = `node-${platform}-${major === 'ia32' ? 'x86' : 'x64'}`;
  const name = `${product}-${VERSIONS[major]}`;
  const folder = path.join(cache, 'node', name);
  const binary = path.join(folder, 'bin', platform === 'win' ? 'node.exe' : 'node');
  if (!fs.existsSync(binary)) {
    fs.mkdirSync(path.dirname(folder), { recursive: true });
    const temporary = fs.mkdtempSync(`${folder}.`);
    // `npm install` would refuse a package for another platform, `npm pack` does not.
    execFileSync('npm', ['pack', '--silent', `${product}@${VERSIONS[major]}`], { cwd: temporary });
    execFileSync('tar', ['xzf', `${name}.tgz`, '--strip-components=1'], { cwd: temporary });
    fs.rmSync(path.join(temporary, `${name}.tgz`));
    fs.renameSync(temporary, folder);
  }
  return binary;
}

/** How Windows programs see a path of this machine. */
function windowsPath(file) {
  return (process.env.WINE ? 'Z:' : 'Z:\\host') + path.resolve(file).replaceAll('/', '\\');
}

/**
 * Runs Windows Node and passes on what it prints. Its output goes through a file, since Windows Node under Wine cannot
 * open a pipe as its stdout. Resolves with `{ code, output }`. `within` is a command that runs the rest of its arguments,
 * such as `ip netns exec NAME`.
 */
function runWindowsNode(args, { major = 24, env = {}, cwd = process.cwd(), quiet = false, within = [], onSpawn } = {}) {
  const ia32 = major === 'ia32';
  execFileSync(path.join(__dirname, 'toolchain.sh'), [ia32 ? 'ia32' : 'windows'], { stdio: ['ignore', 2, 2] });
  const exe = windowsPath(nodeBinary('win', major));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'windows-node-'));
  const file = path.join(folder, 'out');
  const fd = fs.openSync(file, 'w');
  const reader = fs.openSync(file, 'r');
  const stdio = ['ignore', fd, fd];
  const { NODE_EXTRA_CA_CERTS: _unixPath, ...inherited } = process.env;
  const prefix = ia32 ? { WS_LINGER_PREFIX: '/prefix-ia32' } : {};
  const childEnv = { ...inherited, ...prefix, WINEDEBUG: '-all', ...env };
  const wine = process.env.WINE
    ? [process.env.WINE]
    : [path.join(__dirname, 'in-wine-root.sh'), wineRoot, cwd, '/usr/lib/wine/wine64'];
  const [command, ...rest] = [...within, ...wine, exe, ...args];
  const child = spawn(command, rest, { cwd, env: childEnv, stdio });
  fs.closeSync(fd);
  onSpawn?.(child);

  const chunks = [];
  const buffer = Buffer.alloc(65536);
  const copy = () => {
    for (let n = fs.readSync(reader, buffer); n > 0; n = fs.readSync(reader, buffer)) {
      const chunk = Buffer.from(buffer.subarray(0, n));
      chunks.push(chunk);
      if (!quiet) process.stdout.write(chunk);
    }
  };
  const timer = setInterval(copy, 100);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearInterval(timer);
      copy();
      fs.closeSync(reader);
      fs.rmSync(folder, { recursive: true });
      resolve({ code: code ?? signal, output: Buffer.concat(chunks).toString() });
    });
  });
}

module.exports = { VERSIONS, cache, nodeBinary, runWindowsNode, windowsPath, wineRoot };

if (require.main === module) {
  const args = process.argv.slice(2);
  const major = args[0] === '--node' ? args.splice(0, 2)[1] : undefined;
  // What ends this ends the Windows program, too.
  const onSpawn = (child) => process.once('SIGTERM', () => child.kill());
  runWindowsNode(args, { major, onSpawn }).then(({ code }) => {
    process.exitCode = typeof code === 'number' ? code : 1;
  });
}
