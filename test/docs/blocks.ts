/** Finds the code blocks of the docs and reads the comments before them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/child.js';

export interface Block {
  file: string;
  line: number;
  language: string;
  code: string;
  /** Why the block is not run; undefined if it is. */
  notRun: string | undefined;
  /** How the peer ends a server's connection. */
  peer: 'closes' | 'resets';
}

export const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...['docs', join('docs', 'recipes'), join('docs', 'benchmarks')].flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((file) => file.endsWith('.md'))
      .map((file) => join(folder, file)),
  ),
];

const COMMENT = /^<!-- (?:not run: (.+)|the peer (resets)) -->$/;

export function blocksOf(file: string): Block[] {
  const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
  const blocks: Block[] = [];
  for (let i = 0; i < lines.length; i++) {
    const [, indent = '', language] = /^( *)```(\w*)$/.exec(lines[i] as string) ?? [];
    if (language === undefined) continue;
    const end = lines.findIndex((line, at) => at > i && line === `${indent}\`\`\``);
    if (end < 0) throw new Error(`${file}:${i + 1}: the block has no end`);
    const [, notRun, resets] = COMMENT.exec(lines[i - 1]?.trim() ?? '') ?? [];
    const code = lines.slice(i + 1, end).map((line) => line.slice(indent.length));
    const peer = resets ? 'resets' : 'closes';
    blocks.push({ file, line: i + 1, language, code: `${code.join('\n')}\n`, notRun, peer });
    i = end;
  }
  return blocks;
}

/** Returns the lines that the block claims to print: the comments after console.log(). */
export function printed({ code }: Block): string[] {
  return [...code.matchAll(/console\.log\(.*\);? *\/\/ (.+)$/gm)].map(([, text]) => text as string);
}
