/** Says which copies of ws and of this package a project has, and who gets which. */
import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { findBundled } from './bundled';
import { findPackages, isInstalled, type Package, readPackage, resolveFrom } from './packages';
import { allowsMajor } from './ranges';

/**
 * - `ws-linger-as-ws`: ws-linger in the place of ws, by an override or an alias.
 * - `ws-linger`: ws-linger by its own name.
 * - `ws-upstream`: the ws that ws-linger itself uses, and nobody else.
 * - `ws`: plain ws 8 or newer.
 * - `old-ws`: plain ws 7 or older, whose API differs, so that ws-linger cannot take its place.
 */
export type CopyState = 'ws-linger-as-ws' | 'ws-linger' | 'ws-upstream' | 'ws' | 'old-ws';

/** A package that asks for a copy, and gets it. */
export interface AskedBy {
  name: string;
  version: string;
  /** The name by which it imports the copy. */
  as: string;
  range: string;
  /** Whether the range allows the copy's major version; null where nobody can tell. */
  fits: boolean | null;
}

export interface Copy {
  version: string;
  /** Its real folder, seen from the project. */
  path: string;
  state: CopyState;
  askedBy: AskedBy[];
}

/** A package that has ws inside its own code. */
export interface BundledCopy {
  name: string;
  version: string;
  /** The file with ws's code, seen from the project. */
  path: string;
}

export interface Project {
  folder: string;
  copies: Copy[];
  bundled: BundledCopy[];
  /** False where the project is so large that only a part was searched. */
  complete: boolean;
}

/** Null for a folder without node_modules. */
export function inspectProject(folder: string): Project | null {
  if (!existsSync(join(folder, 'node_modules'))) return null;
  const { packages, complete } = findPackages(folder);
  const askers = askersOf(packages);
  const pathOf = (path: string) => relative(folder, path).split(sep).join('/') || '.';
  const copies = [...packages.values()].filter(isCopy).map((copy): Copy => {
    const askedBy = askers.get(copy.folder) ?? [];
    return { version: copy.version, path: pathOf(copy.folder), state: stateOf(copy, askedBy), askedBy };
  });
  const searched = findBundled([...packages.values()].filter((one) => isInstalled(one.folder)));
  return {
    folder,
    copies: copies.sort((one, other) => ORDER[one.state] - ORDER[other.state] || (one.path < other.path ? -1 : 1)),
    bundled: searched.bundled.map(({ package: { name, version }, file }) => ({ name, version, path: pathOf(file) })),
    complete: complete && searched.complete,
  };
}

/** The order in which copies are listed. */
const ORDER: Record<CopyState, number> = { 'ws-linger-as-ws': 0, 'ws-linger': 1, ws: 2, 'old-ws': 3, 'ws-upstream': 4 };

function isCopy({ name, folder }: Package): boolean {
  return (name === 'ws' || name === 'ws-linger') && isInstalled(folder);
}

/** Who gets each copy, by its folder. A copy above the project, as in a workspace, becomes one of the packages. */
function askersOf(packages: Map<string, Package>): Map<string, AskedBy[]> {
  const askers = new Map<string, AskedBy[]>();
  for (const { name, version, folder, requests } of [...packages.values()]) {
    for (const { as, range } of requests) {
      const target = resolveFrom(folder, as);
      const copy = target && (packages.get(target) ?? readPackage(target));
      if (!copy) continue; // an optional dependency that is not there
      packages.set(copy.folder, copy);
      const fits = allowsMajor(range, majorOf(copy.version));
      askers.set(copy.folder, [...(askers.get(copy.folder) ?? []), { name, version, as, range, fits }]);
    }
  }
  return askers;
}

function stateOf({ name, version, folder }: Package, askedBy: AskedBy[]): CopyState {
  if (name === 'ws-linger') {
    return folder.endsWith(`${sep}ws`) || askedBy.some(({ as }) => as === 'ws') ? 'ws-linger-as-ws' : 'ws-linger';
  }
  if (askedBy.length > 0 && askedBy.every(isUpstreamOfOurs)) return 'ws-upstream';
  return majorOf(version) < 8 ? 'old-ws' : 'ws';
}

function isUpstreamOfOurs({ name, as }: AskedBy): boolean {
  return name === 'ws-linger' && as === 'ws-upstream';
}

function majorOf(version: string): number {
  return Number.parseInt(version, 10);
}
