/** The options of the whole process: those of a program, and those of the environment when the package is loaded. */
import { environmentOptions, replaceDefaults, VARIABLE } from './defaults';
import { checkLinger, type LingerOptions, Settings } from './options';
import { checkControl } from './socket-control/choose';

/**
 * Sets the options for everything that is made from now on: servers, WebSockets, and what `attach()` and the guards are given.
 * What is there already keeps its options. They count as if each `linger` had them, but less than what a `linger` says itself,
 * and less than the environment variable `WS_LINGER_OPTIONS`. Another call takes their place as a whole, so `setDefaults({})`
 * is the way back. It holds for every copy of this package in the process.
 *
 * @throws `WSL_ERR_*` for wrong options, before anything is changed.
 */
export function setDefaults(options: LingerOptions): void {
  const own = checkLinger('defaults', options);
  checkControl(new Settings(own, undefined), 'defaults');
  replaceDefaults(own);
}

/** Throws `WSL_ERR_ENVIRONMENT` for a wrong WS_LINGER_OPTIONS, and `WSL_ERR_NATIVE_UNAVAILABLE` where it asks for an addon that is not loaded. */
export function checkEnvironment(): void {
  const options = environmentOptions();
  if (options.control === 'native') checkControl(new Settings(options, undefined), VARIABLE);
}
