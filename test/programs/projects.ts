/** Two projects with all programs: one with plain ws, one with ws-linger by the override of docs/overrides.md. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { npmNetwork, packageManagers } from '../install/package-managers.js';
import { cleanEnv, emptyFolder, tarball, temporary } from '../install/projects.js';
import { startRegistry } from '../overrides/registry.js';
import { PROGRAMS, type Program } from './list.js';

/** The folders of the two projects. */
export interface Projects {
  plain: string;
  ours: string;
}

/** A plain override would also give version 8 to programs that ask for ws 7. */
const OVERRIDES = { 'ws@^8': 'npm:ws-linger@^8.0.0' };

/** Installs the projects, or returns those that an earlier test file of this run installed. */
export async function installProjects(): Promise<Projects> {
  const installed = { plain: join(temporary, 'programs-plain'), ours: join(temporary, 'programs-ours') };
  if (existsSync(installed.ours)) return installed;
  const registry = await startRegistry(tarball, npmNetwork().registry ?? '');
  try {
    const plain = await install(registry.url);
    const ours = await install(registry.url, OVERRIDES);
    renameSync(plain, installed.plain);
    renameSync(ours, installed.ours);
  } finally {
    registry.close();
  }
  return installed;
}

async function install(registry: string, overrides = {}): Promise<string> {
  const { command, files = {} } = packageManagers(join(temporary, 'cache'), false, registry).npm;
  const folder = emptyFolder();
  const dependencies = Object.assign({}, ...PROGRAMS.map(({ packages }) => packages));
  const manifest = { name: 'app', private: true, dependencies, overrides };
  for (const [file, content] of Object.entries({ 'package.json': JSON.stringify(manifest), ...files })) {
    writeFileSync(join(folder, file), String(content));
  }
  const [npm = '', ...args] = [...command, '--prefer-offline', '--loglevel=error'];
  await promisify(execFile)(npm, args, { cwd: folder, env: cleanEnv() });
  cpSync(join(__dirname, '..', '..', 'test', 'programs', 'apps'), join(folder, 'apps'), { recursive: true });
  return folder;
}

/** The package that a program gets as ws, as `name version`. */
export function wsOf({ asks }: Program, folder: string): string {
  const inside = asks.reduce((from, name) => createRequire(from.resolve(name)), createRequire(join(folder, 'app.js')));
  const main = inside.resolve('ws');
  // Older versions of ws do not export their package.json.
  const manifest = join(main.slice(0, main.lastIndexOf('node_modules')), 'node_modules', 'ws', 'package.json');
  const { name, version } = JSON.parse(readFileSync(manifest, 'utf8'));
  return `${name} ${version}`;
}

/** Fails unless each program gets the ws that it should: a comparison of ws with itself would find nothing. */
export function assertInstalled({ plain, ours }: Projects): void {
  for (const program of PROGRAMS) {
    assert.match(wsOf(program, plain), program.keepsWs7 ? /^ws 7\./ : /^ws 8\./, program.name);
    assert.match(wsOf(program, ours), program.keepsWs7 ? /^ws 7\./ : /^ws-linger 8\./, program.name);
  }
}
