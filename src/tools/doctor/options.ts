/** Says which options are in force where a `linger` option says nothing, and where each one comes from. */
import { environmentOptions, parseOptions, VARIABLE } from '../../defaults';
import type { LingerOptions } from '../../options';
import { checkEnvironment } from '../../set-defaults';
import { isSwitchedOff } from '../../switched-off';

export interface OptionInForce {
  /** Null: no limit. */
  value: unknown;
  from: 'default' | typeof VARIABLE;
}

export type OptionsInForce = Record<keyof LingerOptions, OptionInForce>;

/** Throws what a program would that loads the package. */
export function optionsInForce(): OptionsInForce {
  const given = environmentOptions();
  const entries = Object.entries(parseOptions(undefined)).map(([name, value]) => {
    const from = Object.hasOwn(given, name) ? VARIABLE : 'default';
    return [name, { value: readable(name, value), from } satisfies OptionInForce];
  });
  return Object.fromEntries(entries) as OptionsInForce;
}

function readable(name: string, value: unknown): unknown {
  if (name === 'logger') return value === false ? false : 'pino to stderr, from warn on';
  if (name === 'heartbeat') return value ?? false;
  return value === Number.POSITIVE_INFINITY ? null : value;
}

/** Checks the environment variable as loading the package does. */
export function checkOptions(): { ok: boolean; detail: string } {
  if (isSwitchedOff) return { ok: true, detail: 'WS_LINGER=off: programs get plain ws' };
  checkEnvironment();
  const names = Object.keys(environmentOptions());
  return { ok: true, detail: names.length > 0 ? `${VARIABLE} sets ${names.join(', ')}` : `${VARIABLE} is not set` };
}
