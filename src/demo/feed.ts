/** What the page and this process tell each other: how connections ended, one way; what is to be done, the other. */
import type { RawData } from 'ws-upstream';
import { loadNative } from '../socket-control/load';
import type { Upstream } from '../upstream';
import type { Ends } from './ledger';

/** To the page. The first message has all that is known, each later one what is new. */
export interface News extends Ends {
  now: number;
  /** In the first message only. */
  server?: { platform: string; node: string; version: string; ws: string; control: string; reason: string };
}

/** Ends come in bursts: news of them are told together. In ms. */
const GATHER = 50;

interface Source {
  all(): Ends;
  takeChanges(): Ends;
  on(event: 'change', listener: () => void): unknown;
}

export class Feed {
  readonly #pages = new Set<Upstream>();
  readonly #ledger: Source;
  readonly #act: (action: string) => void;
  #timer: NodeJS.Timeout | null = null;

  /** `act` gets what a page asks for, unchecked. */
  constructor(ledger: Source, act: (action: string) => void) {
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
    send(pages, { now: Date.now(), server: describe(), ...this.#ledger.all() });
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

function describe(): NonNullable<News['server']> {
  const { binding, reason } = loadNative();
  return {
    platform: process.platform,
    node: process.version,
    version: require('../../package.json').version,
    ws: require('ws-upstream/package.json').version,
    control: binding ? 'native' : 'portable',
    reason,
  };
}
