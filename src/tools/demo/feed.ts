/** The WebSocket between the demo's pages and this process: it sends log entries to pages, and receives their actions. */
import type { RawData } from 'ws-upstream';
import type { Upstream } from '../../upstream';
import { type Installation, installation } from '../installation';
import type { ConnectionLog, LogEntries } from './connection-log';

/** A message to a page. The first message has the whole log, each later one has the changes. */
export interface FeedMessage extends LogEntries {
  /** The time of day by the clock of this process, in ms since 1970. */
  now: number;
  /** What runs the servers. In a first message only: it tells the page to drop what it shows. */
  server?: Installation;
  /** The frame of `ws-linger top`, line by line. Only in the answer to a page's message `live`. */
  live?: string[];
}

/** How long changes are collected before they are sent, in ms, because connections often end in bursts. */
const BATCH_DELAY = 50;

export class Feed {
  readonly #pages = new Set<Upstream>();
  readonly #log: ConnectionLog;
  readonly #runAction: (action: string) => void;
  readonly #live: () => string[];
  #timer: NodeJS.Timeout | null = null;

  /** `runAction` receives every other message of a page, unchecked; `live` gives the answer to the message of that name. */
  constructor(log: ConnectionLog, runAction: (action: string) => void, live: () => string[]) {
    this.#log = log;
    this.#runAction = runAction;
    this.#live = live;
    log.on('change', () => {
      this.#timer ??= setTimeout(() => this.#sendChanges(), BATCH_DELAY).unref();
    });
  }

  add(page: Upstream): void {
    page.on('error', () => {}); // 'close' follows
    page.on('message', (data: RawData) => this.#receive(page, String(data)));
    page.once('close', () => this.#pages.delete(page));
    this.#sendChanges(); // to the other pages; this page gets the same entries with the whole log
    this.#pages.add(page);
    this.#sendAll([page]);
  }

  #receive(page: Upstream, message: string): void {
    if (message === 'live') send([page], { now: Date.now(), rows: [], held: [], live: this.#live() });
    else this.#runAction(message);
  }

  /** Sends the whole log to every page, which replaces what it shows. */
  restart(): void {
    this.#sendChanges();
    this.#sendAll(this.#pages);
  }

  #sendAll(pages: Iterable<Upstream>): void {
    send(pages, { now: Date.now(), server: installation(), ...this.#log.all() });
  }

  #sendChanges(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    send(this.#pages, { now: Date.now(), ...this.#log.takeChanges() });
  }
}

function send(pages: Iterable<Upstream>, message: FeedMessage): void {
  const text = JSON.stringify(message);
  for (const page of pages) page.send(text);
}
