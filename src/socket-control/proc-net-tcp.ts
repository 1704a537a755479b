/**
 * Looks into Linux's table of TCP connections, which alone tells whether a peer takes what the kernel holds for it: to Node
 * such bytes were sent long ago. tcp-table.ts has the text of the table.
 *
 * The table has a row for every socket of the machine, so it is read for a millisecond in each turn of the loop, and only the rows
 * that were asked for are looked at. A reading is begun when somebody asks, and its rows are what is answered from then on.
 */
import { close, open, read, readSync } from 'node:fs';
import { isIPv4, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { TransportLook } from './contract';
import { eachRow, keyIn, keyOf, lookIn } from './tcp-table';

/** Where a connection is in the tables, and what the last reading that it was asked for in said of it. */
export interface Row {
  readonly table: Table;
  /** Both ends, as the table writes them. */
  readonly key: string;
  look: TransportLook | null;
}

/** One reading serves all connections that ask within this time. */
const FRESH_MS = 100;
/** A reading takes longer the more sockets the machine has. The pause after it is so many times as long: 1 % of a core. */
const PAUSE = 100;
const TURN_MS = 1;
const READ_BYTES = 16_384;

class Table {
  readonly #file: string;
  /** By their keys. */
  #wanted = new Map<string, Row[]>();
  #isReading = false;
  #isRefused = false;
  #readAgainAt = Number.NEGATIVE_INFINITY;

  constructor(file: string) {
    this.#file = file;
  }

  /** Has the row read, soon. */
  want(row: Row): void {
    if (this.#isRefused) return;
    const wanted = this.#wanted.get(row.key);
    if (!wanted) this.#wanted.set(row.key, [row]);
    else if (!wanted.includes(row)) wanted.push(row);
    if (!this.#isReading && performance.now() >= this.#readAgainAt) this.#read();
  }

  #read(): void {
    const began = performance.now();
    const wanted = this.#wanted;
    const found = new Map<string, TransportLook>();
    this.#wanted = new Map();
    this.#isReading = true;
    const onRow = (text: string) => {
      const key = keyIn(text);
      if (wanted.has(key)) found.set(key, lookIn(text, key, began));
    };
    readRows(this.#file, onRow, (isRefused, cost) => {
      this.#isRefused = isRefused;
      if (isRefused) this.#wanted.clear();
      for (const [key, rows] of wanted) for (const row of rows) row.look = found.get(key) ?? null;
      this.#isReading = false;
      this.#readAgainAt = performance.now() + Math.max(FRESH_MS, PAUSE * cost);
    });
  }
}

/**
 * Reads a table, row by row. `done` is told whether it may not be read, or is not there: nothing is known then; and what it cost,
 * in ms of a core. The kernel makes a page of text for each read, whatever the size of the buffer: of thousands of reads most are
 * made at once, since a thread of the pool makes each twice as dear. One buffer serves for all.
 */
function readRows(file: string, onRow: (row: string) => void, done: (isRefused: boolean, cost: number) => void): void {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  let rest = '';
  let cost = 0;
  const readOn = (fd: number) =>
    read(fd, buffer, 0, READ_BYTES, null, (error, length) => {
      const meter = new CostMeter();
      const isOver = error !== null || readForATurn(fd, length);
      cost += meter.read();
      if (!isOver) readOn(fd);
      else close(fd, () => done(false, cost));
    });
  /** Returns whether that was all. */
  const readForATurn = (fd: number, read: number): boolean => {
    const until = performance.now() + TURN_MS;
    for (let length = read; length > 0; length = readNow(fd, buffer)) {
      rest = eachRow(rest + buffer.toString('latin1', 0, length), onRow);
      if (performance.now() >= until) return false;
    }
    return true;
  };
  try {
    open(file, (refused, fd) => (refused ? done(true, cost) : readOn(fd)));
  } catch {
    done(true, cost); // as Node's permission model does
  }
}

function readNow(fd: number, buffer: Buffer): number {
  try {
    return readSync(fd, buffer, 0, READ_BYTES, null);
  } catch {
    return 0;
  }
}

/** What work in this turn cost: less than it took where the machine is busy, less than the process used where it has threads. */
class CostMeter {
  readonly #began = performance.now();
  readonly #used = process.cpuUsage();

  /** In ms of a core. */
  read(): number {
    const { user, system } = process.cpuUsage(this.#used);
    return Math.min(performance.now() - this.#began, (user + system) / 1_000);
  }
}

const tables = { 4: new Table('/proc/net/tcp'), 6: new Table('/proc/net/tcp6') };

/** The row of an open connection; null where there are no such tables. */
export function rowOf(socket: Partial<Socket>): Row | null {
  const key = process.platform === 'linux' ? keyOf(socket) : null;
  if (key === null) return null;
  return { table: tables[isIPv4(socket.localAddress ?? '') ? 4 : 6], key, look: null };
}

/** The latest look at it, which is some 100 ms old or more; null where it has not been asked for before. Has it read again. */
export function lookAtRow(row: Row): TransportLook | null {
  row.table.want(row);
  return row.look;
}
