/**
 * Every error this package throws has one of these codes. Match on `code`; the messages may change.
 *
 * | code | class | meaning |
 * | --- | --- | --- |
 * | `WSL_ERR_UNKNOWN_OPTION` | TypeError | an option name under `linger`, or of `drain()`, `closeAsync()` or `statusHandler()`, that does not exist |
 * | `WSL_ERR_OPTION_TYPE` | TypeError | an option value of the wrong type, or no CloseInfo for `closeSentence()` |
 * | `WSL_ERR_OPTION_RANGE` | RangeError | an option value of the right type that is not allowed |
 * | `WSL_ERR_ENVIRONMENT` | Error | the environment variable `WS_LINGER_OPTIONS` is no JSON, or has a wrong option; the message says which |
 * | `WSL_ERR_NATIVE_UNAVAILABLE` | Error | `control: 'native'` where the addon is not loaded; the message says why |
 * | `WSL_ERR_NOT_ATTACHABLE` | TypeError | `attach()` was given something that `ws` did not make, or an old version of it did, or that is frozen, or `drainOnSignal()` or `readinessHandler()` no server of this package, or a guard no server or socket |
 * | `WSL_ERR_ALREADY_ATTACHED` | Error | `attach()` with options for something that has other ones already |
 * | `WSL_ERR_OTHER_COPY` | Error | two versions of this package meet that cannot work together |
 * | `WSL_ERR_NATIVE_ARGUMENT` | TypeError | the addon was called by hand with what it does not take |
 * | `WSL_ERR_SERVER_DIED` | Error | the server that `runStability()` had started died |
 */
export type LingerErrorCode =
  | 'WSL_ERR_UNKNOWN_OPTION'
  | 'WSL_ERR_OPTION_TYPE'
  | 'WSL_ERR_OPTION_RANGE'
  | 'WSL_ERR_ENVIRONMENT'
  | 'WSL_ERR_NATIVE_UNAVAILABLE'
  | 'WSL_ERR_NOT_ATTACHABLE'
  | 'WSL_ERR_ALREADY_ATTACHED'
  | 'WSL_ERR_OTHER_COPY'
  | 'WSL_ERR_NATIVE_ARGUMENT'
  | 'WSL_ERR_SERVER_DIED';

/** Gives an error the stable code that callers match on. */
export function withCode<E extends Error>(error: E, code: LingerErrorCode): E & { code: LingerErrorCode } {
  return Object.assign(error, { code });
}
