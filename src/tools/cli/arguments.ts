/** What the commands take as arguments, read from text. Each throws what commander tells in one line. */
import { InvalidArgumentError } from 'commander';
import { isWebSocketUrl } from '../stability/options';

export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** Reads `30s`, `10m` or `2h`, as milliseconds. */
export function duration(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+)([smh])$/.exec(text) ?? [];
  const value = Number(digits) * (UNITS[unit] ?? 0);
  if (value === 0 || value > 2 ** 31 - 1) {
    const hint = /^\d+$/.test(text) ? ` Did you mean ${text}s?` : '';
    throw new InvalidArgumentError(`It must be a time like 30s, 10m or 2h, at most 500h.${hint}`);
  }
  return value;
}

export function webSocketUrl(text: string): string {
  if (isWebSocketUrl(text)) return text;
  const near = /^http(s?:\/\/.+)/.exec(text)?.[1];
  const hint = near && URL.canParse(`ws${near}`) ? ` Did you mean ws${near}?` : '';
  throw new InvalidArgumentError(`It must be a ws:// or wss:// address.${hint}`);
}

/** Reads `Name: value`, one more each time. */
export function header(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, name = '', value = ''] = /^([\w!#$%&'*+.^`|~-]+):\s*(.*)$/.exec(text) ?? [];
  if (!name) throw new InvalidArgumentError("It must be like 'Name: value'.");
  return { ...before, [name]: value };
}

/** One more each time. */
export function oneMore(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/** Makes a commander argument of what throws plain errors. */
export function parsed<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  };
}
