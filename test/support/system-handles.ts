/** How many handles or descriptors the system holds for this process, sockets among them. */
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
 * This process as the system below Wine numbers it. Only its command line tells it from others, so a caller that wants to
 * be counted under Wine is started with an argument that nobody else has, as its last.
 */
function unixPid(): string {
  const mark = process.argv.at(-1) as string;
  found ??= readdirSync('Z:\\proc').find((pid) => {
    try {
      // Not the script that started Wine, which has the mark too.
      const [program = ''] = readFileSync(`Z:\\proc\\${pid}\\cmdline`, 'latin1').split('\0', 1);
      return /\.exe$/i.test(program) && readFileSync(`Z:\\proc\\${pid}\\cmdline`, 'latin1').includes(mark);
    } catch {
      return false; // no process, or one that has just ended
    }
  });
  if (!found) throw new Error(`there is no process with ${mark} in its command line`);
  return found;
}
