/** What a program and its peer have said so far, in order, and what is still waited for. */
import { EventEmitter, once } from 'node:events';

export interface Entry {
  /** The program listens, where it is a server on this port. */
  ready?: true;
  port?: number;
  /** The program emitted an event. */
  event?: string;
  /** The program has sent what it was told to send. */
  sent?: true;
  /** The peer received something. */
  heard?: string;
}

/** A program that has not done by then what is waited for has hung. Plain ws waits for 30 s, Node-RED starts slowly under Wine. */
export const PATIENCE_MS = 120_000;

export class Transcript {
  readonly entries: Entry[] = [];
  readonly #changes = new EventEmitter();
  #ended: string | undefined;

  get events(): string[] {
    return this.entries.flatMap(({ event }) => event ?? []);
  }

  get heard(): string[] {
    return this.entries.flatMap(({ heard }) => heard ?? []);
  }

  add(entry: Entry): void {
    this.entries.push(entry);
    this.#changes.emit('change');
  }

  /** Nothing more will be said, and whoever waits gets an error with this reason. */
  end(reason: string): void {
    this.#ended = reason;
    this.#changes.emit('change');
  }

  /** Finds the first entry that satisfies the condition, from index `from` on, and waits for it. */
  async find(what: string, condition: (entry: Entry) => boolean, from = 0): Promise<Entry> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const found = this.entries.slice(from).find(condition);
      if (found) return found;
      const why = this.#ended ?? (signal.aborted ? 'the program has hung' : undefined);
      if (why) throw new Error(`${why}, before: ${what}\n${this.events.join('\n')}`);
      await once(this.#changes, 'change', { signal }).catch(() => {});
    }
  }

  /** Waits for an event by its name, with or without details. */
  event(name: string, from = 0): Promise<Entry> {
    return this.find(name, ({ event = '' }) => event === name || event.startsWith(`${name} `), from);
  }
}
