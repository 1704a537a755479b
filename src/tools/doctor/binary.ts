/** Checks that the addon's binary is the published one, by its hash. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { Loaded } from '../../socket-control/load';

const ROOT = join(__dirname, '..', '..', '..');
const SUMS = 'prebuilds/SHA256SUMS';

/**
 * Compares the binary's hash with prebuilds/SHA256SUMS. A binary that was built on this machine has no published hash. On Windows
 * a missing binary is a fault, unless somebody has decided against it.
 */
export function checkBinary({ path, outcome, reason }: Loaded): { ok: boolean; detail: string } {
  if (!path) return { ok: outcome !== 'missing', detail: `no binary is used: ${reason}` };
  const name = relative(ROOT, path).split(sep).join('/');
  const hash = hashOf(path);
  if (!hash) return { ok: false, detail: `${path} cannot be read, perhaps because of a virus scanner: ${reason}` };
  const published = name.startsWith('prebuilds/') ? (publishedHash(name) ?? `any that ${SUMS} lists`) : hash;
  if (published !== hash) {
    return { ok: false, detail: `${path} is not the published file: its sha256 is ${hash}, not ${published}` };
  }
  const origin = name.startsWith('prebuilds/') ? 'as published' : 'built on this machine';
  if (outcome === 'broken') {
    const why =
      origin === 'as published' ? ': the file is whole, so a policy, a virus scanner or a part of Windows is why' : '';
    return { ok: false, detail: `${reason}; its sha256 ${hash} is ${origin}${why}` };
  }
  return { ok: outcome !== 'blocked', detail: outcome === 'blocked' ? reason : `sha256 ${hash}, ${origin}` };
}

function hashOf(path: string): string | null {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch {
    return null;
  }
}

/** Reads the file's hash from the list, in which each line is a hash and a path inside the package. */
function publishedHash(name: string): string | undefined {
  const lines = readFileSync(join(ROOT, SUMS), 'latin1').split(/\r?\n/);
  return lines.find((line) => line.endsWith(`  ${name}`))?.split(' ', 1)[0];
}
