/** What `closeAsync()` is given, and the checks of close codes and reasons. */
import { type AbortSignalLike, abortSignal } from './abort-signal';
import { type Check, checkAll, milliseconds, outOfRange, wrongType } from './options';

/** Options of `closeAsync()`. */
export interface CloseOptions {
  /** The close code: 1000 to 1014 except 1004, 1005 and 1006, or 3000 to 4999. */
  code?: number;
  /** The close reason, of at most 123 bytes. */
  reason?: string | Buffer;
  /** The socket is gone after this long in all cases; `closeDeadline` still holds. In ms, a positive integer. */
  timeout?: number;
  /**
   * Ends the waiting: the promise rejects with the signal's reason, and the close goes on within its limits. With a signal that is
   * aborted already nothing is closed. To cut the connection too, call `abort()` or `terminate()`.
   */
  signal?: AbortSignalLike;
}

/** Those that may stand behind a code and a reason. */
export type CloseLimits = Pick<CloseOptions, 'timeout' | 'signal'>;

const LIMIT_CHECKS: Record<keyof CloseLimits, Check> = { timeout: milliseconds, signal: abortSignal };
const CHECKS: Record<keyof CloseOptions, Check> = {
  ...LIMIT_CHECKS,
  code: closeCode,
  reason: (name, value) => (Buffer.isBuffer(value) ? checkLength(name, value) : closeReason(name, value)),
};

/** The options of a call, which may stand in the place of the code, or behind code and reason. */
export function parseCloseOptions(code: unknown, reason: unknown, limits: unknown = {}): CloseOptions {
  if (typeof code === 'object' && code !== null) return checkAll<CloseOptions>('close', code, CHECKS);
  const { timeout, signal } = checkAll<CloseLimits>('limits', limits, LIMIT_CHECKS);
  return { code, reason, timeout, signal } as CloseOptions; // ws checks code and reason
}

/** RFC 6455 §7.4: the codes that may be sent. */
export function closeCode(name: string, value: unknown): void {
  if (typeof value !== 'number') throw wrongType(name, 'a close code', value);
  const defined = value >= 1000 && value <= 1014 && ![1004, 1005, 1006].includes(value);
  if (!Number.isInteger(value) || !(defined || (value >= 3000 && value <= 4999)))
    throw outOfRange(`${name} must be a close code that may be sent, not ${value}`);
}

export function closeReason(name: string, value: unknown): void {
  if (typeof value !== 'string') throw wrongType(name, 'a string', value);
  checkLength(name, value);
}

/** RFC 6455 §5.5: a control frame holds 125 bytes, two of which are the code. */
function checkLength(name: string, reason: string | Buffer): void {
  if (Buffer.byteLength(reason) > 123) throw outOfRange(`${name} must be at most 123 bytes long`);
}
