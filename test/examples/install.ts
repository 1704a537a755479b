/** Installs the apps of examples/ with the packed package. */
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cleanEnv, emptyFolder, tarball } from '../install/projects.js';

const source = join(__dirname, '..', '..', 'examples');

interface Manifest {
  dependencies: Record<string, string>;
  devDependencies?: Record<string, string>;
  overrides?: object;
  type?: string;
}

/** The clients that the tests have of what an example serves. */
const CLIENTS: Record<string, Manifest['dependencies']> = {
  'socket.io-recovery': { 'socket.io-client': '^4.8.0' },
  'y-websocket': { 'y-websocket': '^3.1.0' },
};

/**
 * Returns a folder with a folder for each example. The dependencies of examples without overrides are installed
 * together in the parent folder, where Node finds them; in the place of Electron, whose package downloads its binary, a stand-in.
 */
export async function installExamples(names: string[]): Promise<string> {
  const folder = emptyFolder();
  const shared: Manifest['dependencies'] = {};
  const own: string[] = [];
  for (const name of names) {
    cpSync(join(source, name), join(folder, name), { recursive: true });
    const file = join(folder, name, 'package.json');
    const manifest: Manifest = JSON.parse(withTarball(readFileSync(file, 'utf8')));
    writeFileSync(file, JSON.stringify(manifest));
    if (manifest.overrides) own.push(name);
    else Object.assign(shared, manifest.dependencies, withoutElectron(manifest.devDependencies), CLIENTS[name]);
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: shared }));
  const npm = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  for (const at of ['.', ...own]) await promisify(execFile)('npm', npm, { cwd: join(folder, at), env: cleanEnv() });
  if (names.includes('electron'))
    cpSync(join(__dirname, 'electron-stand-in.js'), join(folder, 'node_modules', 'electron', 'index.js'));
  return folder;
}

function withoutElectron({ electron: _, ...tools }: Record<string, string> = {}): Record<string, string> {
  return tools;
}

/** Replaces the dependency on this repository, or on the registry's package, by the tarball. */
function withTarball(manifest: string): string {
  return manifest.replaceAll(/"(file:\.\.\/\.\.|npm:ws-linger@[^"]*)"/g, JSON.stringify(`file:${tarball}`));
}
