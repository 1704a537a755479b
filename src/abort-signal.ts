/** Ends the waiting for a promise by an AbortSignal, as `fetch()` and `AbortSignal.throwIfAborted()` have it. */
import { wrongType } from './options';

/** An AbortSignal, whichever library's types describe it. */
export interface AbortSignalLike {
  /** Whether it has been aborted. */
  readonly aborted: boolean;
  /** What waiting rejects with. */
  readonly reason?: unknown;
  /** Adds a listener. */
  addEventListener(type: 'abort', listener: () => void): void;
  /** Removes a listener. */
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Throws unless `value` is an AbortSignal, of any realm. */
export function abortSignal(name: string, value: unknown): void {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignalLike>;
  if (typeof aborted !== 'boolean' || typeof addEventListener !== 'function')
    throw wrongType(name, 'an AbortSignal', value);
}

/**
 * What `begin()` resolves with, or a rejection with the signal's reason as soon as it is aborted. What was begun goes on then. With a
 * signal that is aborted already nothing is begun.
 */
export function untilAborted<T>(signal: AbortSignalLike | undefined, begin: () => Promise<T>): Promise<T> {
  if (!signal) return begin();
  if (signal.aborted) return Promise.reject(signal.reason);
  let onAbort = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason);
  });
  signal.addEventListener('abort', onAbort);
  const stop = () => signal.removeEventListener('abort', onAbort);
  let begun: Promise<T>;
  try {
    begun = begin();
  } catch (error) {
    stop();
    throw error;
  }
  return Promise.race([begun, aborted]).finally(stop);
}
