/**
 * Looks into Linux's table of TCP connections, which alone tells whether a peer takes what the kernel holds for it: to Node
 * such bytes were sent long ago. See proc(5), and get_tcp4_sock() in the kernel's net/ipv4/tcp_ipv4.c.
 *
 * The table has a row for every socket of the machine, so it is read in pieces, one per turn of the loop, and only the rows
 * that were asked for are looked at. A reading is begun when somebody asks, and its rows are what is answered from then on.
 */
import { createReadStream, type ReadStream } from 'node:fs';
import { isIPv4, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { TransportLook } from './contract';

/** Where a connection is in the tables. */
export interface Row {
  table: Table;
  /** Both ends, as the table writes them. */
  key: string;
}

/** One reading serves all connections that ask within this time. */
const FRESH_MS = 100;
/** A reading takes longer the more sockets the machine has. The pause after it is so many times as long: 1 % of a core. */
const PAUSE = 100;
/** Rows are forgotten when nobody has asked for so long. */
const FORGET_MS = 10_000;

/** Behind both ends: state, send queue, receive queue, timer, its time, retransmissions, user, unanswered probes. */
const COLUMNS = /^ \w\w (\w+):\w+ (\w\w):\w+ (\w+) +\d+ +(\d+)/;
/** The kernel's number for the timer of zero-window probes. */
const PROBING = '04';

class Table {
  readonly #file: string;
  #wanted = new Set<string>();
  #rows = new Map<string, TransportLook>();
  #isReading = false;
  #isRefused = false;
  #readAgainAt = Number.NEGATIVE_INFINITY;
  #forget: NodeJS.Timeout | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** What the last reading said of a row; null where it was not asked for by then, or is not there. */
  find(key: string): TransportLook | null {
    if (this.#isRefused) return null;
    this.#wanted.add(key);
    if (!this.#isReading && performance.now() >= this.#readAgainAt) this.#read();
    return this.#rows.get(key) ?? null;
  }

  #read(): void {
    const began = performance.now();
    const wanted = this.#wanted;
    const rows = new Map<string, TransportLook>();
    let rest = '';
    this.#wanted = new Set();
    this.#isReading = true;
    const file = openTable(this.#file);
    if (!file) {
      this.#isRefused = true;
      this.#wanted.clear();
      return;
    }
    file.on('data', (text) => {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const key = keyIn(line);
        if (wanted.has(key)) rows.set(key, lookIn(line, key, began));
      }
    });
    // Without IPv6, without /proc, or without permission, nothing is known.
    file.on('error', () => {});
    file.on('close', () => {
      const now = performance.now();
      this.#keep(wanted, rows, began - FORGET_MS);
      this.#isReading = false;
      this.#readAgainAt = now + Math.max(FRESH_MS, PAUSE * (now - began));
      clearTimeout(this.#forget);
      this.#forget = setTimeout(() => this.#rows.clear(), FORGET_MS).unref();
    });
  }

  /** A row stays until it is read again or old: whoever asked for it may take it after others have had a reading of their own. */
  #keep(wanted: Set<string>, rows: Map<string, TransportLook>, oldest: number): void {
    for (const [key, { at }] of this.#rows) if (at < oldest || wanted.has(key)) this.#rows.delete(key);
    for (const [key, look] of rows) this.#rows.set(key, look);
  }
}

/** Null where even asking for it is refused, as by Node's permission model: nothing is known then, and nothing is asked again. */
function openTable(name: string): ReadStream | null {
  try {
    return createReadStream(name, { encoding: 'latin1' });
  } catch {
    return null;
  }
}

/** "  12: 0100007F:1F90 0100007F:C350 01 …": what stands between the row's number and the state. */
function keyIn(line: string): string {
  const from = line.indexOf(': ') + 2;
  return line.slice(from, line.indexOf(' ', line.indexOf(' ', from) + 1));
}

function lookIn(line: string, key: string, at: number): TransportLook {
  const [, queue = '0', timer, resent, unanswered] = COLUMNS.exec(line.slice(line.indexOf(key) + key.length)) ?? [];
  // Of a peer that does not acknowledge what was sent again, or that leaves probes unanswered, nothing is known.
  const isSilent = timer === undefined || Number.parseInt(resent ?? '', 16) > 0 || Number(unanswered) > 1;
  const peerWindow = isSilent ? 'unknown' : timer === PROBING ? 'zero' : 'open';
  return { unacknowledged: Number.parseInt(queue, 16), peerWindow, at };
}

const tables = { 4: new Table('/proc/net/tcp'), 6: new Table('/proc/net/tcp6') };

/** The row of an open connection; null where there are no such tables. */
export function rowOf({ localAddress, localPort, remoteAddress, remotePort }: Partial<Socket>): Row | null {
  if (process.platform !== 'linux' || !localAddress || !localPort || !remoteAddress || !remotePort) return null;
  const key = `${endpoint(localAddress, localPort)} ${endpoint(remoteAddress, remotePort)}`;
  return { table: tables[isIPv4(localAddress) ? 4 : 6], key };
}

/** The latest look at it, which is some 100 ms old or more; null where it has not been asked for before. */
export function lookAtRow({ table, key }: Row): TransportLook | null {
  return table.find(key);
}

/** An address as the table has it: hexadecimal, each word of 32 bits in the byte order of this machine. */
function endpoint(address: string, port: number): string {
  const bytes = isIPv4(address) ? address.split('.').map(Number) : ipv6Bytes(address);
  let hex = '';
  for (let i = 0; i < bytes.length; i += 4) {
    const word = Buffer.from(bytes.slice(i, i + 4));
    hex += (LITTLE_ENDIAN ? word.reverse() : word).toString('hex');
  }
  return `${hex}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
}

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

function ipv6Bytes(address: string): number[] {
  // A dotted tail ("::ffff:10.0.0.7") stands for two groups.
  const text = address.replace(/%.*$/, '').replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...quad: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = quad.map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head = '', tail = ''] = text.split('::', 2);
  const before = head ? head.split(':') : [];
  const after = tail ? tail.split(':') : [];
  const zeros = new Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
