// What each package manager says when it installs the package with its scripts allowed, and what is on the disk then, beside ws.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { type Registry, startRegistry } from '../overrides/registry.js';
import { npmNetwork, type PackageManager, packageManagers, withNpm } from './package-managers.js';
import { cleanEnv, emptyFolder, nodeBinary, tarball, temporary } from './projects.js';
import { warnings } from './warnings.js';

/** What is promised of an installation. */
const MOST_PACKAGES = 15;
const MOST_BYTES = 2_500_000;
const MOST_OWN_BYTES = 1_000_000;

const MANAGERS = ['npm 10', 'npm 11', 'npm 12', 'pnpm', 'yarn classic', "yarn Plug'n'Play"] as const;
type Manager = (typeof MANAGERS)[number];

const OVERRIDE = 'npm:ws-linger@^8.0.0';
/** A library with ws beneath it. */
const LIBRARY = 'engine.io-client@6.6.3';

/** Ways to install: what is asked for, and what the project's manifest or pnpm's settings say of ws. */
const WAYS = {
  'ws itself': { asked: 'ws@8.18.3' },
  'from a file': { asked: `ws-linger@file:${tarball}` },
  'by name': { asked: 'ws-linger@^8.0.0' },
  'by an override': { asked: LIBRARY, override: true },
};

let registry: Registry;
before(async () => {
  registry = await startRegistry(tarball, npmNetwork().registry ?? '');
});
after(() => registry.close());

/** npm 12 needs a newer Node than this package. */
const nodeForNpm12 = () =>
  Number.parseInt(process.versions.node, 10) >= 24 ? process.execPath : nodeBinary('linux', 24);

function managerOf(name: Manager): PackageManager {
  const cache = join(temporary, 'cache');
  const all = packageManagers(cache, false, registry.url);
  const npm = () => withNpm(all.npm, name.slice(4), name === 'npm 12' ? nodeForNpm12() : process.execPath, cache);
  const manager = name.startsWith('npm ') ? npm() : all[name as keyof typeof all];
  const files = { ...manager.files };
  const yarn = files['.yarnrc.yml'] as object | undefined;
  if (yarn) files['.yarnrc.yml'] = { ...yarn, enableScripts: true };
  return { ...manager, files, command: manager.command.filter((arg) => arg !== '--ignore-scripts') };
}

/** Makes a project and installs into it. Returns its folder and what was printed. */
async function install(name: Manager, { asked, override }: { asked: string; override?: boolean }) {
  const { command, files } = managerOf(name);
  const folder = emptyFolder();
  const manifest: Record<string, unknown> = { name: 'app', private: true };
  const written: Record<string, unknown> = { 'package.json': manifest, ...files };
  if (override) {
    manifest[name.startsWith('npm') ? 'overrides' : 'resolutions'] = { ws: OVERRIDE };
    if (name === 'pnpm') {
      const settings = files?.['pnpm-workspace.yaml'] as object | undefined;
      written['pnpm-workspace.yaml'] = { ...settings, overrides: { ws: OVERRIDE } };
    }
  }
  for (const [file, content] of Object.entries(written)) {
    writeFileSync(join(folder, file), typeof content === 'string' ? content : JSON.stringify(content));
  }
  const [program = '', ...args] = [...command, asked];
  const { stdout, stderr } = await promisify(execFile)(program, args, {
    cwd: folder,
    env: cleanEnv(),
    timeout: 120_000,
  });
  return { folder, output: `${stdout}${stderr}` };
}

interface Installed {
  packages: number;
  bytes: number;
  /** Bytes of this package alone. */
  own: number;
}

/** Counts the packages below node_modules and the bytes of their files; null where there is no such folder. */
function installed(folder: string): Installed | null {
  const modules = join(folder, 'node_modules');
  if (!existsSync(modules)) return null;
  const entries = readdirSync(modules, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = new Set(entries.map(({ parentPath, name }) => realpathSync(join(parentPath, name))));
  const found = { packages: 0, bytes: 0, own: 0 };
  for (const file of files) {
    const [, name = '', rest] = /.*node_modules\/((?:@[^/]+\/)?[^./@][^/]*)\/(.*)$/.exec(file) ?? [];
    if (!name) continue; // the manager's own records
    const { size } = statSync(file);
    if (rest === 'package.json') found.packages++;
    found.bytes += size;
    if (name === 'ws-linger' || (name === 'ws' && isOurs(file, rest ?? ''))) found.own += size;
  }
  return found;
}

/** Whether the package that a file is of is this one under the name of ws. */
function isOurs(file: string, rest: string): boolean {
  const manifest = join(file.slice(0, file.length - rest.length), 'package.json');
  return JSON.parse(readFileSync(manifest, 'utf8')).name === 'ws-linger';
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
const table: string[] = [];
after(() => console.log(['', 'packages, MB and warnings', ...table, ''].join('\n')));

for (const name of MANAGERS) {
  describe(name, () => {
    for (const [way, wanted] of Object.entries(WAYS)) {
      it(`installs ${way} in silence`, async () => {
        const { folder, output } = await install(name, wanted);
        const said = warnings(output);
        const found = installed(folder);
        const size = found ? `${found.packages} packages, ${megabytes(found.bytes)} MB` : 'in zip files';
        table.push(`  ${name.padEnd(18)}${way.padEnd(16)}${size}, ${said.length} warnings`);
        assert.deepEqual(said, [], output);
        assert.doesNotMatch(output, /script/i, relative(folder, output));
        if (way === 'ws itself' || wanted === WAYS['by an override'] || !found) return;
        assert.ok(found.packages <= MOST_PACKAGES, `${found.packages} packages`);
        assert.ok(found.bytes <= MOST_BYTES, `${found.bytes} bytes`);
        assert.ok(found.own > 0 && found.own <= MOST_OWN_BYTES, `${found.own} bytes of its own`);
      });
    }
  });
}

it('README says what is installed, beside ws', async () => {
  const sizeOf = async (wanted: { asked: string }) => installed((await install('npm 11', wanted)).folder) as Installed;
  const [ours, plain] = [await sizeOf(WAYS['by name']), await sizeOf(WAYS['ws itself'])];
  const sentence = `${ours.packages} packages, ${megabytes(ours.bytes)} MB (ws: ${plain.packages} package, ${megabytes(plain.bytes)} MB)`;
  const readme = readFileSync(join(__dirname, '..', '..', 'README.md'), 'utf8').replaceAll(/\s+/g, ' ');
  assert.ok(readme.includes(sentence), sentence);
});
