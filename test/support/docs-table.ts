// Tables of the docs, so that tests compare them with the source.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './child.js';

/** The rows of the first table below a heading, without its head; each cell without its code marks. */
export function tableOf(page: string, heading: string): string[][] {
  const text = readFileSync(join(ROOT, page), 'utf8').replaceAll('\r\n', '\n');
  const section = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  if (lines.length < 3) throw new Error(`${page} has no table below "${heading}"`);
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.replaceAll('`', '').trim()),
  );
}
