/** Counts the handles (Windows) or file descriptors of this process, sockets included. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { isWine } from './wine.js';

export function systemHandles(): number {
  if (process.platform !== 'win32') return readdirSync('/proc/self/fd').length;
  if (isWine()) return readdirSync(`Z:\\proc\\${unixPid()}\\fd`).length;
  const ask = `(Get-Process -Id ${process.pid}).HandleCount`;
  return Number(execFileSync('powershell.exe', ['-NoProfile', '-Command', ask]));
}

let found: string | undefined;

/**
 * Returns this process's id in the Unix system below Wine. It finds the process by its command line, so a process that
 * is to be counted under Wine must be started with a last argument that no other process has.
 */
function unixPid(): string {
  const mark = process.argv.at(-1) as string;
  found ??= readdirSync('Z:\\proc').find((pid) => {
    try {
      // The script that started Wine has the mark too, but its program is no .exe.
      const [program = ''] = readFileSync(`Z:\\proc\\${pid}\\cmdline`, 'latin1').split('\0', 1);
      return /\.exe$/i.test(program) && readFileSync(`Z:\\proc\\${pid}\\cmdline`, 'latin1').includes(mark);
    } catch {
      return false; // not a process, or one that has just ended
    }
  });
  if (!found) throw new Error(`there is no process with ${mark} in its command line`);
  return found;
}
