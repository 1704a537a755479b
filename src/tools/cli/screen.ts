/**
 * Stdout, for frames of text: a terminal on which each takes the place of the one before, one that can only scroll, or a file or pipe, to
 * which they are written one after the other.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WIDTH } from './wrap';

/** The usual terminal, and where stdout is none. */
const ROWS = 24;

export class Screen {
  readonly #kind = kindOf(process.stdout);
  #frames = 0;

  /** One column and one row stay free, so that nothing wraps or scrolls. */
  size(): { width: number; height: number } {
    const { columns = WIDTH, rows = ROWS } = process.stdout;
    return this.#kind === 'file' ? { width: WIDTH, height: ROWS - 1 } : { width: columns - 1, height: rows - 1 };
  }

  show(lines: readonly string[]): void {
    const isFirst = this.#frames++ === 0;
    process.stdout.write(this.#draw(lines, isFirst));
  }

  #draw(lines: readonly string[], isFirst: boolean): string {
    if (this.#kind === 'file') return `${isFirst ? '' : '\n'}${lines.join('\n')}\n`;
    if (this.#kind === 'scrolling') return lines.join('\n') + '\n'.repeat(this.size().height - lines.length + 1);
    // To the top; each line is cleared behind its end, and the screen below the last one.
    return `${isFirst ? '\x1b[2J' : ''}\x1b[H${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`;
  }
}

function kindOf({ isTTY }: NodeJS.WriteStream): 'terminal' | 'scrolling' | 'file' {
  if (!isTTY) return 'file';
  return process.env.TERM === 'dumb' || isWine() ? 'scrolling' : 'terminal';
}

/** Wine's console takes escape sequences for text, whatever it says of its mode. Its DLLs carry a signature. */
function isWine(): boolean {
  if (process.platform !== 'win32') return false;
  try {
    const ntdll = readFileSync(join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'ntdll.dll'));
    return ntdll.subarray(0, 512).includes('Wine builtin DLL');
  } catch {
    return false;
  }
}
