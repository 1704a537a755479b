/** Whether the addon's binary is the one that was published. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { Loaded } from '../../socket-control/load';

const ROOT = join(__dirname, '..', '..', '..');
const SUMS = 'prebuilds/SHA256SUMS';

export function checkBinary({ path, failed, reason }: Loaded): { ok: boolean; detail: string } {
  if (!path) return { ok: true, detail: `none is used: ${reason}` };
  const name = relative(ROOT, path).split(sep).join('/');
  const hash = createHash('sha256').update(readFileSync(path)).digest('hex');
  // One that was built on this machine is below build/, and has no published hash.
  const published = name.startsWith('prebuilds/') ? (publishedHash(name) ?? `one that ${SUMS} names`) : hash;
  if (published !== hash) {
    return { ok: false, detail: `${path} is not what was published: its sha256 is ${hash}, not ${published}` };
  }
  if (failed) return { ok: false, detail: reason };
  return { ok: true, detail: `sha256 ${hash}, ${name.startsWith('prebuilds/') ? 'as published' : 'built here'}` };
}

/** Each line of the list is a hash and a path below the package. */
function publishedHash(name: string): string | undefined {
  const lines = readFileSync(join(ROOT, SUMS), 'latin1').split(/\r?\n/);
  return lines.find((line) => line.endsWith(`  ${name}`))?.split(' ', 1)[0];
}
