/** Parses command line arguments. Each parser throws InvalidArgumentError, which commander prints as one line. */
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

/** Parses `30s`, `10m` or `2h`. Returns milliseconds. */
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

export function httpUrl(text: string): string {
  if (isHttp(text)) return text;
  const near = `http${/^ws(s?:\/\/.+)/.exec(text)?.[1] ?? `://${text}`}`;
  const hint = isHttp(near) ? ` Did you mean ${near}?` : '';
  throw new InvalidArgumentError(`It must be an http:// or https:// address.${hint}`);
}

function isHttp(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}

/** Parses `Name: value` and adds it to the headers of earlier uses of the option. */
export function header(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, name = '', value = ''] = /^([\w!#$%&'*+.^`|~-]+):\s*(.*)$/.exec(text) ?? [];
  if (!name) throw new InvalidArgumentError("It must be like 'Name: value'.");
  return { ...before, [name]: value };
}

/** Adds a value to those of earlier uses of the option. */
export function repeatable(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/** Wraps a parser that throws plain errors, so that commander prints them as usage errors. */
export function usageErrors<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  };
}
