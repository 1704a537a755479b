/** Says whether this Windows is Wine: Wine's own DLLs carry a signature in their first bytes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export function isWine(): boolean {
  if (process.platform !== 'win32') return false;
  const ntdll = readFileSync(join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'ntdll.dll'));
  return ntdll.subarray(0, 512).includes('Wine builtin DLL');
}
