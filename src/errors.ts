/** Errors: the codes of those that this package throws, and what is kept of those that end connections. */
import type { CloseError } from './close-info';

/**
 * Every error this package throws has one of these codes. Match on `code`; the messages may change.
 *
 * | code | class | meaning |
 * | --- | --- | --- |
 * | `WSL_ERR_UNKNOWN_OPTION` | TypeError | an option name under `linger`, or of `drain()`, that does not exist |
 * | `WSL_ERR_OPTION_TYPE` | TypeError | an option value of the wrong type |
 * | `WSL_ERR_OPTION_RANGE` | RangeError | an option value of the right type that is not allowed |
 * | `WSL_ERR_NATIVE_UNAVAILABLE` | Error | `control: 'native'` where the addon is not loaded; the message says why |
 * | `WSL_ERR_NOT_ATTACHABLE` | TypeError | `attach()` was given something that `ws` did not make, or an old version of it did, or `drainOnSignal()` no server of this package |
 * | `WSL_ERR_NATIVE_ARGUMENT` | TypeError | the addon was called by hand with what it does not take |
 * | `WSL_ERR_SERVER_DIED` | Error | the server that `runStability()` had started died |
 */
export type LingerErrorCode =
  | 'WSL_ERR_UNKNOWN_OPTION'
  | 'WSL_ERR_OPTION_TYPE'
  | 'WSL_ERR_OPTION_RANGE'
  | 'WSL_ERR_NATIVE_UNAVAILABLE'
  | 'WSL_ERR_NOT_ATTACHABLE'
  | 'WSL_ERR_NATIVE_ARGUMENT'
  | 'WSL_ERR_SERVER_DIED';

/** Gives an error the stable code that callers match on. */
export function withCode<E extends Error>(error: E, code: LingerErrorCode): E & { code: LingerErrorCode } {
  return Object.assign(error, { code });
}

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
