/** Finds the rows of a TCP connection in Windows' connection table: one for each end on this machine. */
import { execFileSync } from 'node:child_process';

/**
 * Returns the lines of `netstat -ano` that name both ports. Windows translates the names of states, so callers must not
 * match them.
 */
export function netstat(onePort: number, otherPort: number): string[] {
  const lines = execFileSync('netstat', ['-ano'], { encoding: 'latin1' }).split(/\r?\n/);
  return lines.map((line) => line.trim()).filter((line) => names(line, onePort) && names(line, otherPort));
}

function names(line: string, port: number): boolean {
  return line.split(/\s+/).some((word) => word.endsWith(`:${port}`));
}
