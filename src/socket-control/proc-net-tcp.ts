/**
 * Looks into Linux's table of TCP connections, which alone tells whether a peer takes what the kernel holds for it: to Node
 * such bytes were sent long ago. tcp-table.ts has the text of the table.
 *
 * The table has a row for every socket of the machine, so it is read for a millisecond in each turn of the loop, and only the rows
 * that were asked for are looked at. A reading is begun when somebody asks, and its rows are what is answered from then on.
 */
import { close, open, readSync } from 'node:fs';
import { isIPv4, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { setImmediate } from '../real-timers';
import type { TransportLook } from './contract';
import { endsOf } from './handle';
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
/** A reading costs more the more sockets the machine has. It takes so many times as long to be paid for: less than 1 % of a core. */
const PAUSE = 160;
/** While nobody asks, readings of this much time are paid in advance, so that who asks seldom is answered at once. */
const SAVED_MS = 10_000;
const TURN_MS = 1;
const READ_BYTES = 16_384;

class Table {
  readonly #file: string;
  /** By their keys. */
  #wanted = new Map<string, Row[]>();
  #isReading = false;
  #isRefused = false;
  #paidAt = Number.NEGATIVE_INFINITY;
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
      const at = performance.now();
      this.#paidAt = Math.max(this.#paidAt, at - SAVED_MS) + PAUSE * cost;
      this.#readAgainAt = Math.max(this.#paidAt, at + FRESH_MS);
    });
  }
}

/**
 * Reads a table, row by row. `done` is told whether it may not be read, or is not there: nothing is known then; and what it cost,
 * in ms of a core. The kernel makes a page of text for each read, whatever the size of the buffer. The reads are made here, since a
 * thread of the pool makes each twice as dear. One buffer serves for all.
 */
function readRows(file: string, onRow: (row: string) => void, done: (isRefused: boolean, cost: number) => void): void {
  const meter = new CostMeter();
  let buffer: Buffer;
  let rest = '';
  const readOn = (fd: number): void => {
    let length = 0;
    meter.measure(() => {
      const until = performance.now() + TURN_MS;
      do {
        length = readNow(fd, buffer);
        rest = eachRow(rest + buffer.toString('latin1', 0, length), onRow);
      } while (length > 0 && performance.now() < until);
    });
    if (length > 0) setImmediate(readOn, fd);
    else close(fd, () => done(false, meter.total()));
  };
  try {
    open(file, (refused, fd) => {
      if (refused) return done(true, 0);
      buffer = Buffer.allocUnsafe(READ_BYTES);
      readOn(fd);
    });
  } catch {
    done(true, 0); // as Node's permission model does
  }
}

function readNow(fd: number, buffer: Buffer): number {
  try {
    return readSync(fd, buffer, 0, READ_BYTES, null);
  } catch {
    return 0;
  }
}

/** What work cost that is done in turns: less than it took where the machine is busy, less than the process used where it has threads. */
class CostMeter {
  #took = 0;
  #used = 0;

  measure(turn: () => void): void {
    const began = performance.now();
    const before = process.cpuUsage();
    turn();
    const { user, system } = process.cpuUsage(before);
    this.#took += performance.now() - began;
    this.#used += (user + system) / 1_000;
  }

  /** In ms of a core. */
  total(): number {
    return Math.min(this.#took, this.#used);
  }
}

const tables = { 4: new Table('/proc/net/tcp'), 6: new Table('/proc/net/tcp6') };

/** The row of an open connection; null where there are no such tables, and for a stream whose own getters throw. */
export function rowOf(stream: Duplex): Row | null {
  if (process.platform !== 'linux') return null;
  try {
    const ends = addressesOf(stream);
    const key = keyOf(ends);
    if (key === null) return null;
    return { table: tables[isIPv4(ends.localAddress ?? '') ? 4 : 6], key, look: null };
  } catch {
    return null;
  }
}

/** By the handle where it tells, since a socket keeps what its own getters have told. Bun's sockets have no such handle. */
function addressesOf(stream: Duplex): Partial<Socket> {
  const { local, peer } = endsOf(stream);
  if (!local.address) return stream as Partial<Socket>;
  return { localAddress: local.address, localPort: local.port, remoteAddress: peer.address, remotePort: peer.port };
}

/** The latest look at it, which is some 100 ms old or more; null where it has not been asked for before. Has it read again. */
export function lookAtRow(row: Row): TransportLook | null {
  row.table.want(row);
  return row.look;
}
