// Finds ws's own tests, which npm's package leaves out, for a version of ws.
//
// Asks, in this order: the folder or git repository that --ws-source names, GitHub's archive of the version's tag, Debian's
// source package. Where none has exactly that version, it takes the newest at hand, and the report names it.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { fromDebian } = require('./fetch.js');

const PATIENCE_MS = 60_000;

/** Resolves with `{ version, name, unpack(folder) }`. `given` is the path of a folder or of a git repository, if there is one. */
async function findWsSource(version, given, cache) {
  const steps = [
    ...(given ? [() => fromPath(version, given)] : []),
    () => fromGitHub(version, cache),
    () => archiveSource(fromDebian('node-ws', cache)),
  ];
  const found = [];
  const reasons = [];
  for (const step of steps) {
    try {
      const source = await step();
      if (source.version === version) return source;
      found.push(source);
    } catch (error) {
      reasons.push(error.message); // not within reach here: the next may be
    }
  }
  if (found.length === 0) throw new Error(`no source of ws ${version}: ${reasons.join('; ')}`);
  return found.reduce((best, source) => (isNewer(source.version, best.version) ? source : best));
}

const isNewer = (version, other) => version.localeCompare(other, 'en', { numeric: true }) > 0;

function fromPath(version, given) {
  const manifest = path.join(given, 'package.json');
  if (fs.existsSync(manifest) && versionOf(fs.readFileSync(manifest)) === version)
    return {
      version,
      name: version,
      unpack: (folder) => fs.cpSync(given, folder, { recursive: true, filter: isSource }),
    };
  const git = (...args) =>
    execFileSync('git', ['-C', given, ...args], { maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'ignore'] });
  const commit = git('tag', '--list', version).length > 0 ? `refs/tags/${version}` : 'HEAD';
  return {
    version: versionOf(git('show', `${commit}:package.json`)),
    name: git('describe', '--tags', commit).toString().trim(),
    unpack: (folder) => untar(folder, '-', 0, git('archive', '--format=tar', commit)),
  };
}

const isSource = (file) => !['node_modules', '.git'].includes(path.basename(file));

async function fromGitHub(version, cache) {
  const file = path.join(cache, `ws-${version}.tar.gz`);
  if (!fs.existsSync(file)) {
    const url = `https://codeload.github.com/websockets/ws/tar.gz/refs/tags/${version}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!response.ok) throw new Error(`GitHub answered ${response.status}`);
    const archive = Buffer.from(await response.arrayBuffer());
    fs.mkdirSync(cache, { recursive: true });
    fs.writeFileSync(file, archive);
  }
  return archiveSource(file);
}

function archiveSource(archive) {
  const manifest = execFileSync('tar', [
    'xf',
    archive,
    '--wildcards',
    '--no-wildcards-match-slash',
    '-O',
    '*/package.json',
  ]);
  const version = versionOf(manifest);
  return { version, name: version, unpack: (folder) => untar(folder, archive, 1) };
}

function untar(folder, archive, strip, input) {
  fs.mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['xf', archive, '-C', folder, `--strip-components=${strip}`], { input });
}

const versionOf = (manifest) => JSON.parse(manifest).version;

module.exports = { findWsSource };
