import type { CloseError } from './close-info';

/** libuv codes that stand for one Winsock code only. 10054 and 64 both become ECONNRESET; the everyday one is named. */
const WSA_CODES: Readonly<Record<string, number>> = {
  ECONNRESET: 10054,
  ECONNABORTED: 10053,
  EPIPE: 10058,
  ETIMEDOUT: 10060,
  ECONNREFUSED: 10061,
  ENETUNREACH: 10051,
  EHOSTUNREACH: 10065,
  ENOBUFS: 10055,
};

/** The parts of an error that say why a connection was lost. */
export function closeErrorOf(error: NodeJS.ErrnoException): CloseError {
  const code = typeof error.code === 'string' ? error.code : 'UNKNOWN';
  const wsaCode = process.platform === 'win32' ? WSA_CODES[code] : undefined;
  return { code, errno: error.errno, syscall: error.syscall, ...(wsaCode !== undefined && { wsaCode }) };
}

/** An error in Node's shape, for what was seen in another way than by a failed call. */
export function systemError(code: string, syscall?: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code, syscall });
}
