/** What the two servers said of each pair of connections: one to ws-linger, one to plain ws, both treated alike. */
import { EventEmitter } from 'node:events';
import type { CloseInfo } from '../../close-info';
import type { Upstream } from '../../upstream';
import type { WebSocket } from '../../websocket';

/** A side that holds the connection, or had it never: a browser may leave between its two openings. */
type Open = 'open' | 'absent';

/** What ws-linger said at the end. Times of day are in ms since 1970, by this machine's clock. */
export type LingerEnd = Pick<CloseInfo, 'kind' | 'origin' | 'phase' | 'code' | 'forced' | 'elapsedMs'> & {
  at: number;
  errorCode: string | null;
};

/** What plain ws said. */
export interface PlainEnd {
  at: number;
  code: number;
  errorCode: string | null;
}

export interface Row {
  /** Counted from 1. */
  number: number;
  /** Who is at the other end, for people. */
  peer: string;
  linger: Open | LingerEnd;
  plain: Open | PlainEnd;
  /** Bytes of a backlog that arrived at the peer; of those servers whose socket has gone, and where there was one. */
  arrived?: Partial<Record<Side, number>>;
}

export type Side = 'linger' | 'plain';

/** How many connections each server holds, from `at` on. */
export interface Held {
  at: number;
  linger: number;
  plain: number;
}

export interface Ends {
  rows: Row[];
  held: Held[];
}

/** What a page can show. Older ends are forgotten. */
const MOST_ROWS = 200;
const MOST_HELD = 1_000;

interface Servers {
  linger: { clients: Set<unknown> };
  plain: { clients: Set<unknown> };
}

/** Emits 'change'. */
export class Ledger extends EventEmitter {
  readonly #servers: Servers;
  readonly #open = new Map<string, Row>();
  #ended: Row[] = [];
  #held: Held[] = [];
  #changed: Ends = { rows: [], held: [] };
  #count = 0;

  constructor(servers: Servers) {
    super();
    this.#servers = servers;
  }

  watchLinger(ws: WebSocket, key: string, peer: string): void {
    const row = this.#opens('linger', key, peer);
    ws.on('error', () => {}); // 'disconnect' tells
    ws.on('disconnect', ({ kind, origin, phase, code, forced, elapsedMs, error }: CloseInfo) => {
      row.linger = { at: Date.now(), kind, origin, phase, code, forced, elapsedMs, errorCode: error?.code ?? null };
    });
    ws.once('close', () => this.#ends(key, row));
  }

  watchPlain(ws: Upstream, key: string, peer: string): void {
    const row = this.#opens('plain', key, peer);
    let errorCode: string | null = null;
    ws.on('error', (error: NodeJS.ErrnoException) => {
      errorCode = error.code ?? error.message;
    });
    ws.once('close', (code) => {
      row.plain = { at: Date.now(), code, errorCode };
      this.#ends(key, row);
    });
  }

  /** The row of a pair that is open. */
  openRow(key: string): Row | undefined {
    return this.#open.get(key);
  }

  /** What a peer has got from a server, when their socket has gone: that may be after the end. */
  arrived(row: Row, side: Side, bytes: number): void {
    row.arrived = { ...row.arrived, [side]: bytes };
    if (this.#ended.includes(row)) this.#change(row);
  }

  /** All that is known. */
  all(): Ends {
    return { rows: this.#ended, held: this.#held };
  }

  /** What has become known since this was last asked. */
  takeChanges(): Ends {
    const changed = this.#changed;
    this.#changed = { rows: [], held: [] };
    return changed;
  }

  forget(): void {
    this.#ended = [];
    this.#held = [];
    this.#countHeld();
  }

  #opens(side: Side, key: string, peer: string): Row {
    const row = this.#open.get(key) ?? { number: ++this.#count, peer, linger: 'absent', plain: 'absent' };
    this.#open.set(key, row);
    row[side] = 'open';
    this.#countHeld();
    return row;
  }

  #ends(key: string, row: Row): void {
    if (row.linger !== 'open' && row.plain !== 'open') this.#open.delete(key);
    if (!this.#ended.includes(row)) this.#ended = [...this.#ended.slice(1 - MOST_ROWS), row];
    this.#change(row);
    setImmediate(() => this.#countHeld()); // ws takes a connection out of `clients` in a listener of its own
  }

  #change(row: Row): void {
    if (!this.#changed.rows.includes(row)) this.#changed.rows.push(row);
    this.emit('change');
  }

  #countHeld(): void {
    const { linger, plain } = this.#servers;
    const held = { at: Date.now(), linger: linger.clients.size, plain: plain.clients.size };
    this.#held = [...this.#held.slice(1 - MOST_HELD), held];
    this.#changed.held.push(held);
    this.emit('change');
  }
}
