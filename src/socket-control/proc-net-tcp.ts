/**
 * Linux's own table of TCP connections. It alone tells whether a peer takes what the kernel holds for it: to Node such bytes
 * were sent long ago. See proc(5) and proc_net_tcp.txt in the kernel's documentation.
 */
import { readFile } from 'node:fs';
import { isIPv4, type Socket } from 'node:net';
import type { Outstanding } from './contract';

/** One reading serves all connections that ask within this time. */
const FRESH_MS = 100;
/** A reading takes longer the more sockets the machine has, not we: at most this share of one thread's time goes into it. */
const MAX_SHARE = 1 / 4;

/** "  12: 0100007F:1F90 0100007F:C350 01 00000A00:00000000 …": both ends, state, send queue. */
const LINE = /: (\w+:\w+ \w+:\w+) \w\w (\w+):/g;

const NOT_YET: Outstanding = { bytes: Number.POSITIVE_INFINITY, at: Number.NEGATIVE_INFINITY };

class Table {
  readonly #file: string;
  #queues: Map<string, number> | null = null;
  #readAt = NOT_YET.at;
  #readAgainAt = NOT_YET.at;

  constructor(file: string) {
    this.#file = file;
  }

  /** What was in the send queue of this connection at the last reading, or null when it was not in the table. */
  find(key: string): Outstanding | null {
    if (performance.now() >= this.#readAgainAt) this.#read();
    if (!this.#queues) return NOT_YET;
    const bytes = this.#queues.get(key);
    return bytes === undefined ? null : { bytes, at: this.#readAt };
  }

  #read(): void {
    const began = performance.now();
    this.#readAgainAt = Number.POSITIVE_INFINITY;
    readFile(this.#file, 'latin1', (error, text) => {
      // Without IPv6, or without /proc, it has nothing.
      const lines = error ? [] : text.matchAll(LINE);
      this.#queues = new Map(Array.from(lines, ([, ends = '', queue = '']) => [ends, Number.parseInt(queue, 16)]));
      this.#readAt = began;
      const done = performance.now();
      const pause = Math.max(FRESH_MS, (done - began) / MAX_SHARE);
      const readAgainAt = done + pause;
      this.#readAgainAt = readAgainAt;
      const forget = () => {
        if (this.#readAgainAt === readAgainAt) this.#queues = null;
      };
      setTimeout(forget, 10 * pause).unref(); // nobody may ask again for long
    });
  }
}

const tables = { 4: new Table('/proc/net/tcp'), 6: new Table('/proc/net/tcp6') };

/** What the peer of this connection has not acknowledged; null where nobody tells. */
export function unacknowledged(socket: Partial<Socket>): Outstanding | null {
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  if (process.platform !== 'linux' || !localAddress || !localPort || !remoteAddress || !remotePort) return null;
  const table = tables[isIPv4(localAddress) ? 4 : 6];
  return table.find(`${endpoint(localAddress, localPort)} ${endpoint(remoteAddress, remotePort)}`);
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
