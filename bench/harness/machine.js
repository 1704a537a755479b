// Describes the machine, the commit and the versions that are measured. Windows Node under Wine cannot read all of this, so the
// process outside Wine passes it in the environment.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { BUN } = require('./contestants.js');

const root = path.join(__dirname, '..', '..');

/** What the process outside Wine passed to this one. */
const outside = process.env.WS_LINGER_BENCH_WINE && JSON.parse(process.env.WS_LINGER_BENCH_WINE);

/** The platform in the names of result files. Wine is not Windows, so it has a name of its own. */
const platform = outside ? 'wine' : { win32: 'windows', darwin: 'macos' }[process.platform] || process.platform;

function commit() {
  if (outside) return outside.commit;
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  try {
    const measured = ['src', 'native', 'prebuilds', 'package.json', 'bench', ':!bench/results'];
    const changed = git('status', '--porcelain', '--', ...measured) !== '';
    return git('rev-parse', '--short=12', 'HEAD') + (changed ? ', with changes' : '');
  } catch {
    return 'unknown';
  }
}

function processor() {
  const cpus = os.cpus();
  return { cpu: cpus[0]?.model.trim() ?? 'an unknown CPU', cores: cpus.length };
}

/** The environment variables for the process inside Wine. */
function wineEnvironment() {
  const description = { wine: wineVersion() ?? 'Wine', commit: commit(), ...processor() };
  return { WS_LINGER_BENCH_WINE: JSON.stringify(description) };
}

function wineVersion() {
  const { wineRoot } = require('../../scripts/windows-node.js');
  const [command, ...args] = process.env.WINE
    ? [process.env.WINE]
    : [path.join(root, 'scripts', 'in-wine-root.sh'), wineRoot, '/', '/usr/lib/wine/wine64'];
  try {
    return execFileSync(command, [...args, '--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .trim()
      .replace(/^wine-([\d.]+).*/, 'Wine $1');
  } catch {
    return undefined;
  }
}

/** The version of an installed package. Reads the file, since some packages do not export their package.json. */
function versionOf(name) {
  const folders = [path.join(root, 'bench'), root].map((folder) => path.join(folder, 'node_modules', name));
  const file = folders.map((folder) => path.join(folder, 'package.json')).find(fs.existsSync);
  return file && JSON.parse(fs.readFileSync(file, 'utf8')).version;
}

function describeMachine() {
  const { cpu, cores } = outside ?? processor();
  return {
    ...{ cpu, cores, memoryGb: Math.round(os.totalmem() / 2 ** 30) },
    os: outside ? `Windows under ${outside.wine}` : `${os.type()} ${os.release()}`,
    node: process.versions.node,
  };
}

/** The versions of all compared packages that are installed. */
function versions() {
  const found = { ws: versionOf('ws-upstream'), 'ws-linger': require('../../package.json').version };
  for (const name of ['websocket', 'faye-websocket', 'engine.io', 'http-terminator']) found[name] = versionOf(name);
  found.bun = versionOf(BUN);
  return Object.fromEntries(Object.entries(found).filter(([, version]) => version));
}

module.exports = { platform, commit, wineEnvironment, describeMachine, versions };
