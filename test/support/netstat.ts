/** What Windows holds of a connection, both of its ends where both are on this machine. */
import { execFileSync } from 'node:child_process';

/** The lines of `netstat -ano` that name both ports. Windows translates the states' names, so they are left to people. */
export function netstat(onePort: number, otherPort: number): string[] {
  const lines = execFileSync('netstat', ['-ano'], { encoding: 'latin1' }).split(/\r?\n/);
  return lines.map((line) => line.trim()).filter((line) => names(line, onePort) && names(line, otherPort));
}

function names(line: string, port: number): boolean {
  return line.split(/\s+/).some((word) => word.endsWith(`:${port}`));
}
