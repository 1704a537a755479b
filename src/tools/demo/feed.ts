/** What the page and this process tell each other: how connections ended, one way; what is to be done, the other. */
import type { RawData } from 'ws-upstream';
import type { Upstream } from '../../upstream';
import { type Installation, installation } from '../installation';
import type { Ends, Ledger } from './ledger';

/** To the page. The first message has all that is known, each later one what is new. */
export interface News extends Ends {
  now: number;
  /** In the first message only. */
  server?: Installation;
}

/** Ends come in bursts: news of them are told together. In ms. */
const GATHER = 50;

export class Feed {
  readonly #pages = new Set<Upstream>();
  readonly #ledger: Ledger;
  readonly #act: (action: string) => void;
  #timer: NodeJS.Timeout | null = null;

  /** `act` gets what a page asks for, unchecked. */
  constructor(ledger: Ledger, act: (action: string) => void) {
    this.#ledger = ledger;
    this.#act = act;
    ledger.on('change', () => {
      this.#timer ??= setTimeout(() => this.#tell(), GATHER).unref();
    });
  }

  add(page: Upstream): void {
    page.on('error', () => {}); // a page that is gone is gone
    page.on('message', (data: RawData) => this.#act(String(data)));
    page.once('close', () => this.#pages.delete(page));
    this.#tell(); // the others, so that nothing of it is told to this one twice
    this.#pages.add(page);
    this.#begin([page]);
  }

  /** Makes each page begin anew. */
  restart(): void {
    this.#tell();
    this.#begin(this.#pages);
  }

  #begin(pages: Iterable<Upstream>): void {
    send(pages, { now: Date.now(), server: installation(), ...this.#ledger.all() });
  }

  #tell(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    send(this.#pages, { now: Date.now(), ...this.#ledger.takeChanges() });
  }
}

function send(pages: Iterable<Upstream>, news: News): void {
  const text = JSON.stringify(news);
  for (const page of pages) page.send(text);
}
