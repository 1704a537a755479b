/** Checks of each connection that it tells its end exactly once: one 'disconnect', then one 'close'. */
import type { EventEmitter } from 'node:events';
import type WebSocket from 'ws-linger';

/** What a listener may throw at, and the process goes on. */
export const THROWN = 'a listener throws';
export const EVENTS = ['message', 'ping', 'pong', 'disconnect', 'close'] as const;

const MOST_PROBLEMS = 20;

export class Ledger {
  readonly problems: string[] = [];
  readonly counts: Record<string, number> = {};
  ends = 0;
  /** The names of what has not told its end yet. */
  readonly #open = new Map<number, string>();
  #made = 0;

  get open(): number {
    return this.#open.size;
  }

  problem(text: string): void {
    if (this.problems.length < MOST_PROBLEMS) this.problems.push(text);
    this.count('problems');
  }

  count(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }

  /** To be called before there are other listeners. Keeps nothing of the connection but its name. */
  watch(ws: WebSocket, name: string): void {
    const id = this.#made++;
    const seen: string[] = [];
    this.#open.set(id, name);
    const see = (event: string) => {
      seen.push(event);
      const told = seen.join();
      if (told !== 'disconnect' && told !== 'disconnect,close') this.problem(`${name}: ${told}`);
    };
    (ws as EventEmitter).on('disconnect', (info: WebSocket.CloseInfo) => {
      see('disconnect');
      this.count(info.kind);
    });
    ws.on('close', () => {
      see('close');
      this.ends++;
      this.#open.delete(id);
    });
    ws.on('error', () => {});
  }

  /** Tells what is still open, which should have ended. */
  left(when: string): void {
    for (const name of this.#open.values()) this.problem(`${when}, not ended: ${name}`);
    this.#open.clear();
  }
}
