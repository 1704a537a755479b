// Downloads the source of a package with its tests: from npm, or from Debian's source packages where npm's has no tests.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const RELEASE = 'trixie';

/** Unpacks a source into a new folder. Throws when the download fails. */
function fetchSource({ debian, npm }, folder, cache) {
  const archive = debian ? fromDebian(debian, cache) : fromNpm(npm, cache);
  fs.mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['xf', archive, '-C', folder, '--strip-components=1']);
}

function fromNpm(spec, cache) {
  const folder = path.join(cache, spec.replaceAll(/[^\w.-]/g, '-'));
  const kept = archiveIn(folder);
  if (kept) return kept;
  fs.mkdirSync(folder, { recursive: true });
  execFileSync('npm', ['pack', '--silent', spec], { cwd: folder, stdio: ['ignore', 'ignore', 2] });
  return archiveIn(folder);
}

/** Uses package lists and settings of its own, so that the machine's apt is left alone and root is not needed. */
function fromDebian(name, cache) {
  const folder = path.join(cache, name);
  const kept = archiveIn(folder);
  if (kept) return kept;
  fs.mkdirSync(folder, { recursive: true });
  const apt = aptOptions(cache);
  // --tar-only: the tests are in the main archive, and some mirrors lack the archives that Debian adds to it.
  const args = [...apt, '-qq', 'source', '--download-only', '--tar-only', `${name}/${RELEASE}`];
  const { stderr } = spawnSync('apt-get', args, { cwd: folder, encoding: 'utf8' });
  const archive = archiveIn(folder);
  if (!archive) throw new Error(`apt-get source ${name}: ${stderr.trim()}`);
  return archive;
}

function archiveIn(folder) {
  if (!fs.existsSync(folder)) return undefined;
  const file = fs.readdirSync(folder).find((name) => /\.tgz$|\.orig\.tar\.\w+$/.test(name));
  return file && path.join(folder, file);
}

function aptOptions(cache) {
  const home = path.join(cache, 'apt');
  const list = path.join(home, 'sources.list');
  const options = Object.entries({
    'Dir::Etc::SourceList': list,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State::Lists': path.join(home, 'lists'),
    'Dir::Cache': path.join(home, 'cache'),
    'APT::Sandbox::User': '',
  }).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  if (fs.existsSync(list)) return options;
  for (const folder of ['lists/partial', 'cache/archives/partial'])
    fs.mkdirSync(path.join(home, folder), { recursive: true });
  const written = `${list}.new`;
  fs.writeFileSync(written, `deb-src ${mirror()} ${RELEASE} main\n`);
  execFileSync('apt-get', [...options, '-o', `Dir::Etc::SourceList=${written}`, '-qq', 'update'], {
    stdio: ['ignore', 2, 2],
  });
  fs.renameSync(written, list);
  return options;
}

/** The address of the Debian mirror that this machine uses. */
function mirror() {
  const targets = execFileSync('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages']);
  const found = targets
    .toString()
    .split('\n')
    .find((uri) => /\/debian\/?$/.test(uri));
  if (!found) throw new Error('this machine has no Debian mirror among its package sources');
  return found;
}

module.exports = { fetchSource, fromDebian };
