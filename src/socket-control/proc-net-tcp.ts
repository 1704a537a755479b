/**
 * Linux's own table of TCP connections. It alone tells whether a peer takes what the kernel holds for it: to Node such bytes
 * were sent long ago. See proc(5) and proc_net_tcp.txt in the kernel's documentation.
 */
import { readFileSync } from 'node:fs';
import { isIPv4, type Socket } from 'node:net';
import type { Outstanding } from './contract';

/** One reading serves all connections that ask within this time. */
const FRESH_MS = 100;
/** The cost grows with the sockets of the machine, not with ours, so readings take at most this share of the time. */
const MAX_SHARE = 1 / 20;

class Table {
  readonly #file: string;
  #queues = new Map<string, number>();
  #readAt = Number.NEGATIVE_INFINITY;
  #staleAt = Number.NEGATIVE_INFINITY;

  constructor(file: string) {
    this.#file = file;
  }

  /** What is in the send queue of this connection, or null when it is not in the table. */
  find(key: string): Outstanding | null {
    const now = performance.now();
    if (now >= this.#staleAt) {
      this.#readAt = now;
      this.#read();
      const done = performance.now();
      this.#staleAt = done + Math.max(FRESH_MS, (done - now) / MAX_SHARE);
      // Nobody may ask again for long.
      setTimeout(() => this.#queues.clear(), this.#staleAt - done).unref();
    }
    const bytes = this.#queues.get(key);
    return bytes === undefined ? null : { bytes, at: this.#readAt };
  }

  #read(): void {
    this.#queues = new Map();
    let text: string;
    try {
      text = readFileSync(this.#file, 'latin1');
    } catch {
      return; // no IPv6, or no /proc here
    }
    for (const line of text.split('\n').slice(1)) {
      // "  12: 0100007F:1F90 0100007F:C350 01 00000A00:00000000 …": both ends, state, send queue
      const [, local, remote, , queue] = line.trim().split(/\s+/, 5);
      if (local && remote && queue) this.#queues.set(`${local} ${remote}`, Number.parseInt(queue, 16));
    }
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
