#!/usr/bin/env node

// npm run check:release: says what is missing for publishing. With --unpublished it leaves out what is filled in only then (the
// repository's address, the changelog's date, the links of README), so what is left must hold at any time. With --reproducible
// it packs what is committed in two clones, too, by two versions of Node, and compares the bytes with those from here (2 min).

const { execFileSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pack } = require('./package/build.js');
const { packClones } = require('./release/clones.js');
const { linksOf } = require('./release/links.js');
const { root } = require('./steps.js');

const read = (...parts) => fs.readFileSync(path.join(root, ...parts), 'utf8');
const manifest = JSON.parse(read('package.json'));
const shell = process.platform === 'win32'; // npm is a script there
const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-linger-release-'));
const folder = (name) => {
  const made = path.join(temporary, name);
  fs.mkdirSync(made);
  return made;
};
const sha256 = (file) => createHash('sha256').update(fs.readFileSync(file)).digest('hex');

/** Each check returns what is missing, in sentences. */
const AT_PUBLISHING = {
  address() {
    const address = manifest.repository?.url?.replace(/^git\+/, '').replace(/\.git$/, '');
    if (!/^https:\/\/[^/]+\/[^/]+\/[^/]+$/.test(address ?? '')) {
      return ['package.json has no repository: npm run release:address -- https://HOST/OWNER/NAME'];
    }
    const form = `${address}/security/advisories/new`;
    const wanted = { homepage: `${address}#readme`, bugs: `${address}/issues` };
    const given = { homepage: manifest.homepage, bugs: manifest.bugs?.url };
    const missing = Object.keys(wanted)
      .filter((name) => given[name] !== wanted[name])
      .map((name) => `package.json's ${name} is not ${wanted[name]}: npm run release:address`);
    return read('SECURITY.md').includes(`(${form})`)
      ? missing
      : [...missing, `SECURITY.md does not link to ${form}: npm run release:address`];
  },
  changelog() {
    const heading = new RegExp(`^## ${manifest.version.replaceAll('.', '\\.')} \\(\\d{4}-\\d{2}-\\d{2}\\)$`, 'm');
    return heading.test(read('CHANGELOG.md')) ? [] : [`CHANGELOG.md has no "## ${manifest.version} (YYYY-MM-DD)"`];
  },
  'links that the package has'({ files }) {
    const relative = linksOf(read('README.md')).filter((link) => !/^(https:|#)/.test(link));
    const missing = relative.filter((link) => !files.has(link.split('#')[0]));
    if (missing.length === 0) return [];
    return [
      `README.md has ${missing.length} links to what is not in the package (${missing[0]}): npm run release:address`,
    ];
  },
  commit() {
    const changed = execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' }).trim();
    return changed ? [`files are not committed:\n${changed}`] : [];
  },
};

const ALWAYS = {
  versions() {
    const lock = JSON.parse(read('package-lock.json'));
    return [lock.version, lock.packages[''].version].every((version) => version === manifest.version)
      ? []
      : [`package-lock.json has version ${lock.version}, package.json ${manifest.version}`];
  },
  'links that exist'() {
    const own = manifest.repository?.url?.replace(/^git\+/, '').replace(/\.git$/, '');
    const path_ = (link) =>
      own && link.startsWith(`${own}/`) ? link.slice(own.length).replace(/^\/(blob|raw)\/[^/]+\//, '') : link;
    return linksOf(read('README.md'))
      .map(path_)
      .filter((link) => !/^(https:|#)/.test(link) && !fs.existsSync(path.join(root, link.split('#')[0])))
      .map((link) => `README.md links to ${link}, which does not exist`);
  },
  'install scripts'({ packed }) {
    const names = ['preinstall', 'install', 'postinstall', 'prepare'].filter((name) => packed.scripts?.[name]);
    return names.map((name) => `the packed package.json has the script ${name}`);
  },
  dependencies({ packed }) {
    const names = Object.keys(packed.dependencies).sort().join();
    return names === 'pino,ws-upstream' ? [] : [`the packed package.json depends on ${names}`];
  },
  'the same bytes twice'({ tarball, again }) {
    return sha256(tarball) === sha256(again) ? [] : ['two runs of the pack step gave different tarballs'];
  },
  'the same bytes by npm pack'({ tarball, plain }) {
    return sha256(tarball) === sha256(plain) ? [] : ['npm pack gave another tarball than the pack step of the tests'];
  },
};

const WITH_CLONES = {
  'the same bytes in any clone'({ plain, clones }) {
    const here = sha256(plain);
    return clones
      .filter(({ tarball }) => sha256(tarball) !== here)
      .map(({ how, tarball }) => `npm pack in a clone (${how}) gave ${sha256(tarball)}, and here ${here}`);
  },
};

/** Packs twice as the tests do, and once as a maintainer does. */
async function packages() {
  const tarball = await pack(folder('first'));
  const again = await pack(folder('second'));
  const args = ['pack', '--json', '--pack-destination', folder('plain')];
  const [{ filename, files }] = JSON.parse(
    execFileSync('npm', args, { cwd: root, shell, encoding: 'utf8', stdio: [0, 'pipe', 2] }),
  );
  const text = execFileSync('tar', ['xzOf', tarball, 'package/package.json'], { encoding: 'utf8' });
  return {
    ...{ tarball, again, plain: path.join(temporary, 'plain', filename) },
    ...{ packed: JSON.parse(text), files: new Set(files.map((file) => file.path)) },
  };
}

async function main() {
  const isAsked = (option) => process.argv.includes(option);
  const made = await packages();
  if (isAsked('--reproducible')) made.clones = packClones(temporary);
  const checks = {
    ...(isAsked('--unpublished') ? {} : AT_PUBLISHING),
    ...ALWAYS,
    ...(isAsked('--reproducible') ? WITH_CLONES : {}),
  };
  for (const [name, check] of Object.entries(checks)) {
    const missing = check(made);
    if (missing.length > 0) process.exitCode = 1;
    console.log(`${missing.length > 0 ? 'MISSING' : 'ready  '}  ${[name, ...missing].join('\n         ')}`);
  }
  console.log(`sha256  ${sha256(made.plain)}  ${path.basename(made.plain)}`);
}

main().finally(() => fs.rmSync(temporary, { recursive: true }));
