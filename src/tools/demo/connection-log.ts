/**
 * Records what the two servers report of each pair of connections. A pair is one connection to ws-linger and one to plain
 * ws, which the same peer opens and ends in the same way.
 */
import { EventEmitter } from 'node:events';
import type { CloseInfo } from '../../close-info';
import { closeSentence } from '../../close-sentence';
import type { Upstream } from '../../upstream';
import type { WebSocket } from '../../websocket';

/** A side without an end: its connection is open, or never existed, because the browser left before it opened both. */
type WithoutEnd = 'open' | 'absent';

/** What ws-linger reported. `at` is the time of day by this machine's clock, in ms since 1970. */
export type LingerEnd = Pick<CloseInfo, 'kind' | 'origin' | 'phase' | 'code' | 'forced' | 'elapsedMs'> & {
  at: number;
  /** The end in words. */
  sentence: string;
  errorCode: string | null;
};

/** What plain ws reported. */
export interface PlainEnd {
  at: number;
  code: number;
  errorCode: string | null;
}

/** One pair of connections: a row of the page's table. */
export interface Row {
  /** The number of the pair, from 1. */
  number: number;
  /** The name of the peer on the page. */
  peer: string;
  linger: WithoutEnd | LingerEnd;
  plain: WithoutEnd | PlainEnd;
  /** How many bytes of the backlog arrived at the peer. A side is added when its socket has closed. */
  arrived?: Partial<Record<Side, number>>;
}

export type Side = 'linger' | 'plain';

/** How many connections each server holds in its `clients`, from `at` on. */
export interface Held {
  at: number;
  linger: number;
  plain: number;
}

export interface LogEntries {
  rows: Row[];
  held: Held[];
}

/** The limits of the log. Older entries are dropped. */
const MOST_ROWS = 200;
const MOST_HELD = 1_000;

interface Servers {
  linger: { clients: Set<unknown> };
  plain: { clients: Set<unknown> };
}

/** Emits 'change' when it has something new for takeChanges(). */
export class ConnectionLog extends EventEmitter {
  readonly #servers: Servers;
  readonly #open = new Map<string, Row>();
  #ended: Row[] = [];
  #held: Held[] = [];
  #changed: LogEntries = { rows: [], held: [] };
  #count = 0;

  constructor(servers: Servers) {
    super();
    this.#servers = servers;
  }

  watchLinger(ws: WebSocket, key: string, peer: string): void {
    const row = this.#opens('linger', key, peer);
    ws.on('error', () => {}); // 'disconnect' reports it
    ws.on('disconnect', (info: CloseInfo) => {
      const { kind, origin, phase, code, forced, elapsedMs, error } = info;
      const errorCode = error?.code ?? null;
      const sentence = closeSentence(info);
      row.linger = { at: Date.now(), sentence, kind, origin, phase, code, forced, elapsedMs, errorCode };
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

  /** Returns the row of a pair of which at least one connection is open. */
  openRow(key: string): Row | undefined {
    return this.#open.get(key);
  }

  /** Records how many bytes the peer received from one server. Called when that socket closes, often after the end. */
  arrived(row: Row, side: Side, bytes: number): void {
    row.arrived = { ...row.arrived, [side]: bytes };
    if (this.#ended.includes(row)) this.#change(row);
  }

  /** Returns the whole log. */
  all(): LogEntries {
    return { rows: this.#ended, held: this.#held };
  }

  /** Returns the entries that are new since the last call. */
  takeChanges(): LogEntries {
    const changed = this.#changed;
    this.#changed = { rows: [], held: [] };
    return changed;
  }

  clear(): void {
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
    setImmediate(() => this.#countHeld()); // ws removes the connection from `clients` in a later 'close' listener
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
