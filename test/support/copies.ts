/** Another copy of the package in this process, as beside an override or after Jest's resetModules(). */
import { dirname, sep } from 'node:path';
import type * as ours from 'ws-linger';

export type Copy = typeof ours & (typeof ours)['default'];

/** Loads the package anew: modules of its own, of nothing else. */
export function loadCopy(): Copy {
  const entry = require.resolve('ws-linger');
  const folder = dirname(entry) + sep;
  for (const file of Object.keys(require.cache)) if (file.startsWith(folder)) delete require.cache[file];
  return require(entry) as Copy;
}
