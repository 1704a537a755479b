/** Finds packages that have ws inside their own code, where no override reaches it. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { entriesOf, type Package } from './packages';

export interface Bundled {
  package: Package;
  /** The file with ws's code. */
  file: string;
}

/** An error text of ws's receiver, which bundling and minifying leave as it is. ws 3 to 8 have it, and nothing else is known to. */
const MARK = 'RSV2 and RSV3 must be clear';

/**
 * Packages that are known to bundle ws. Others are searched where ws is among their devDependencies, since that is where what is
 * bundled is named. To search all would take a minute where files are slow, as beneath a virus scanner.
 */
const KNOWN = ['crossws', 'next', 'playwright-core', 'vite'];

/** A bundle of ws's receiver is larger than this, and what is larger than MAX_BYTES is no source. */
const MIN_BYTES = 8 * 1024;
const MAX_BYTES = 32 * 1024 * 1024;

/** How much is searched: some seconds' work. */
interface Limits {
  files: number;
  bytes: number;
}

const LIMITS: Limits = { files: 200_000, bytes: 512 * 1024 * 1024 };

/** `complete` is false where a limit was reached, so that there may be more. */
export function findBundled(packages: Iterable<Package>, limits = LIMITS): { bundled: Bundled[]; complete: boolean } {
  const left = { ...limits };
  const bundled: Bundled[] = [];
  for (const one of packages) {
    const isOurs = one.name === 'ws' || one.name === 'ws-linger';
    if (isOurs || !(one.developedWithWs || KNOWN.includes(one.name))) continue;
    const file = fileWithMark(one.folder, left);
    if (file) bundled.push({ package: one, file });
    if (left.files < 0 || left.bytes < 0) return { bundled, complete: false };
  }
  return { bundled, complete: true };
}

/** The first file of a package that has the mark. Takes what it searches from `left`. */
function fileWithMark(folder: string, left: Limits): string | null {
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    for (const entry of entriesOf(next)) {
      const path = join(next, entry.name);
      if (entry.isDirectory() && entry.name !== 'node_modules') folders.push(path);
      if (!entry.isFile() || !/\.[cm]?js$/.test(entry.name)) continue;
      if (--left.files < 0 || left.bytes < 0) return null;
      if (hasMark(path, left)) return path;
    }
  }
  return null;
}

function hasMark(path: string, left: Limits): boolean {
  try {
    const { size } = statSync(path);
    if (size < MIN_BYTES || size > MAX_BYTES) return false;
    left.bytes -= size;
    return readFileSync(path).includes(MARK);
  } catch {
    return false; // it is gone, or may not be read
  }
}
