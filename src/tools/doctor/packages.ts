/** Finds the packages that are installed beneath a folder, whichever package manager has laid them out. */
import { type Dirent, existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';

/** A package's wish for ws or ws-linger. */
export interface Request {
  /** The name by which the package imports it. */
  as: string;
  range: string;
}

export interface Package {
  name: string;
  version: string;
  /** Its real folder. */
  folder: string;
  requests: Request[];
  /** Whether it was made with ws at hand, which may be in its bundle then. */
  developedWithWs: boolean;
}

/** More are in no project that anybody has seen; a folder that links to much more must not keep the command busy. */
const MAX_PACKAGES = 50_000;

/** Where pnpm and yarn keep the packages to which they link, one folder each. */
const STORES = ['.pnpm', '.store'];

/** The project itself and each package of its node_modules, and of theirs. Each real folder is there once. */
export function findPackages(project: string): { packages: Map<string, Package>; complete: boolean } {
  const packages = new Map<string, Package>();
  const waiting: string[] = [];
  const add = (path: string, isLink: boolean) => {
    const folder = isLink ? realOrNull(path) : path;
    if (!folder || packages.has(folder)) return;
    const found = readPackage(folder);
    if (!found) return;
    packages.set(folder, found);
    waiting.push(join(folder, 'node_modules'));
  };
  add(project, true);
  waiting.push(join(project, 'node_modules'));
  const seen = new Set<string>();
  for (let next = waiting.pop(); next && packages.size < MAX_PACKAGES; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const entries = entriesOf(next);
    const nodeModules = entries.length > 0 ? realOrNull(next) : null;
    if (!nodeModules) continue;
    for (const entry of entries) {
      const path = join(nodeModules, entry.name);
      if (STORES.includes(entry.name))
        waiting.push(...entriesOf(path).map(({ name }) => join(path, name, 'node_modules')));
      else if (entry.name.startsWith('@')) {
        for (const scoped of entriesOf(path))
          add(join(path, scoped.name), entry.isSymbolicLink() || scoped.isSymbolicLink());
      } else if (!entry.name.startsWith('.')) add(path, entry.isSymbolicLink());
    }
  }
  return { packages, complete: waiting.length === 0 };
}

/** The real folder of what a package gets that imports `name`: Node's own way, node_modules by node_modules, upwards. */
export function resolveFrom(folder: string, name: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, 'node_modules', name);
    if (basename(at) !== 'node_modules' && existsSync(join(path, 'package.json'))) return realOrNull(path);
    if (at === dirname(at)) return null;
  }
}

interface Manifest {
  name?: unknown;
  version?: unknown;
  [dependencies: string]: unknown;
}

/** Null where there is no package.json that can be read. */
export function readPackage(folder: string): Package | null {
  try {
    const text = readFileSync(join(folder, 'package.json'), 'utf8').replace(/^\uFEFF/, '');
    const manifest = JSON.parse(text) as Manifest;
    const name = typeof manifest.name === 'string' ? manifest.name : basename(folder);
    const version = typeof manifest.version === 'string' ? manifest.version : '';
    const developedWithWs = Object.hasOwn(Object(manifest.devDependencies), 'ws');
    return { name, version, folder, requests: requestsIn(manifest, isInstalled(folder)), developedWithWs };
  } catch {
    return null;
  }
}

/** Development dependencies are installed only for code that is not itself a dependency. */
export function isInstalled(folder: string): boolean {
  return folder.split(sep).includes('node_modules');
}

const KINDS = ['dependencies', 'optionalDependencies', 'peerDependencies'];

function requestsIn(manifest: Manifest, installed: boolean): Request[] {
  const all = installed ? KINDS : [...KINDS, 'devDependencies'];
  const wanted = Object.assign({}, ...all.map((kind) => manifest[kind]).reverse()) as Record<string, unknown>;
  return Object.entries(wanted)
    .filter(([as, range]) => typeof range === 'string' && isOfWs(as, range))
    .map(([as, range]) => ({ as, range: range as string }));
}

function isOfWs(as: string, range: string): boolean {
  return as === 'ws' || as === 'ws-linger' || /^npm:ws(-linger)?(@|$)/.test(range);
}

/** Nothing where there is no such folder, or it may not be read. */
export function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function realOrNull(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null; // a link to nowhere
  }
}
