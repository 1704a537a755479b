/**
 * Fills in what a `linger` option does not say: from the environment variable WS_LINGER_OPTIONS, then from setDefaults(), then
 * the built-in defaults. The variable counts more than setDefaults(), since whoever sets it often cannot change the program.
 */
import { sharedValue } from './copies';
import { withCode } from './errors';
import { checkLinger, type LingerOptions, MAX_TIMER, Settings } from './options';

export const VARIABLE = 'WS_LINGER_OPTIONS';

const NONE: LingerOptions = Object.create(null);

/** What setDefaults() was given, whichever copy of this package was asked. */
const program = sharedValue('defaults', () => ({ options: NONE }));

let environment: LingerOptions | undefined;

/**
 * The options of the variable, which is read once: when the package is loaded, or at the first use where it was not set then.
 * Throws `WSL_ERR_ENVIRONMENT`, and does so each time, so that a program never runs with half of them.
 */
export function environmentOptions(): LingerOptions {
  environment ??= parseVariable(process.env[VARIABLE]?.trim());
  return environment;
}

function parseVariable(text: string | undefined): LingerOptions {
  if (!text) return NONE;
  try {
    return checkLinger(VARIABLE, JSON.parse(text));
  } catch (error) {
    const { name, message } = error as Error;
    const what = name === 'SyntaxError' ? `${VARIABLE} is no JSON: ${message}` : message;
    throw withCode(new Error(what), 'WSL_ERR_ENVIRONMENT');
  }
}

/** Takes checked options in the place of those of an earlier call. */
export function replaceDefaults(options: LingerOptions): void {
  program.options = options;
}

/** Options over others. Two that contradict each other are of two sets, since each set was checked: the one above stands. */
function over(below: LingerOptions, above: LingerOptions): LingerOptions {
  const given = Object.entries(above).filter(([, value]) => value !== undefined);
  const both: LingerOptions = Object.assign(Object.create(null), below, Object.fromEntries(given));
  const { closeTimeout, closeDeadline } = both;
  if (closeTimeout === undefined || closeDeadline === undefined || closeDeadline >= closeTimeout) return both;
  if (above.closeDeadline === undefined) both.closeDeadline = closeTimeout;
  else both.closeTimeout = closeDeadline;
  return both;
}

interface InForce {
  /** What it was made of. */
  program: LingerOptions;
  options: LingerOptions;
  settings: Settings;
}

let inForce: InForce | undefined;

/** Made anew only after setDefaults(), so that clients without options have the same settings. */
function defaults(): InForce {
  if (inForce?.program !== program.options) {
    const options = over(program.options, environmentOptions());
    inForce = { program: program.options, options, settings: new Settings(options, undefined) };
  }
  return inForce;
}

/**
 * Checks the `linger` option and fills in what it does not say. Throws `WSL_ERR_UNKNOWN_OPTION`, `WSL_ERR_OPTION_TYPE` or
 * `WSL_ERR_OPTION_RANGE` before anything is touched.
 *
 * @param wsCloseTimeout - ws's own option.
 */
export function parseOptions(options: unknown, wsCloseTimeout?: unknown): Settings {
  const wsLimit = asTimer(wsCloseTimeout);
  const below = defaults();
  if (options === undefined && wsLimit === undefined) return below.settings;
  const own = options === undefined ? NONE : checkLinger('linger', options);
  return new Settings(over(below.options, own), wsLimit);
}

/** ws hands its option to setTimeout() unchecked: what is no number is as if it had not been given. */
function asTimer(value: unknown): number | undefined {
  if (typeof value !== 'number' || Number.isNaN(value)) return undefined;
  return Math.min(Math.max(1, Math.round(value)), MAX_TIMER);
}
