/** A logger that keeps nothing but counts. */
import type { Logger } from 'ws-linger';
import { UNPRINTABLE } from '../support/unprintable.js';
import type { Log } from './messages.js';

export class CountingLogger implements Logger {
  readonly #kinds = new Map<string, number>();
  #longest = 0;
  #broken = 0;

  debug(fields: object, message: string): void {
    this.#count(fields, message);
  }

  warn(fields: object, message: string): void {
    this.#count(fields, message);
  }

  counts(): Log {
    const kinds = [...this.#kinds.values()];
    return {
      lines: kinds.reduce((sum, count) => sum + count, 0),
      busiest: Math.max(0, ...kinds),
      longest: this.#longest,
      broken: this.#broken,
    };
  }

  #count(fields: object, message: string): void {
    const line = JSON.stringify({ ...fields, message });
    const { event, kind, outcome } = fields as Record<string, string>;
    const key = [event, kind, outcome].join(' ');
    this.#kinds.set(key, (this.#kinds.get(key) ?? 0) + 1);
    this.#longest = Math.max(this.#longest, line.length);
    if (UNPRINTABLE.test(line) || UNPRINTABLE.test(message)) this.#broken++;
  }
}
