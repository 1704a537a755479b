/** Keeps the last ends of a server's connections. */
import type { CloseInfo } from '../close-info';

/** One of the last ends of a server's connections. */
export interface RecentEnd {
  /** When it was told, in ms since 1970 as of Date.now(). */
  at: number;
  /** What the application has set as the WebSocket's `connectionId`, a string or a number. */
  connectionId: string | number | undefined;
  /** The peer's address; undefined where it was lost before anybody had asked the system for it, in the first 5 s for example. */
  remoteAddress: string | undefined;
  /** How it ended. */
  info: CloseInfo;
}

/** A ring: the newest end takes the place of the oldest. */
export class RecentEnds {
  readonly #size: number;
  readonly #ring: RecentEnd[] = [];
  #next = 0;

  constructor(size: number) {
    this.#size = size;
  }

  add(end: RecentEnd): void {
    this.#ring[this.#next] = end;
    this.#next = (this.#next + 1) % this.#size;
  }

  /** Oldest first. */
  read(): RecentEnd[] {
    return [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)];
  }

  /** The newest ones, at most so many, oldest first. */
  last(count: number): RecentEnd[] {
    const before = this.#ring.slice(Math.max(0, this.#next - count), this.#next);
    const missing = count - before.length;
    return missing > 0 ? [...this.#ring.slice(this.#next).slice(-missing), ...before] : before;
  }
}
