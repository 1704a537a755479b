/**
 * Linux's own table of TCP connections. It alone tells whether a peer takes what the kernel holds for it: to Node such bytes
 * were sent long ago. See proc(5) and proc_net_tcp.txt in the kernel's documentation.
 */
import { readFileSync } from 'node:fs';
import { isIPv4, type Socket } from 'node:net';

/** One reading serves all connections that ask within this time, since its cost grows with their number. */
const FRESH_MS = 100;

let table = new Map<string, number>();
let readAt = Number.NEGATIVE_INFINITY;

/** Bytes in the send queue of this connection that the peer has not acknowledged; null where nobody tells. */
export function unacknowledged({ localAddress, localPort, remoteAddress, remotePort }: Partial<Socket>): number | null {
  if (process.platform !== 'linux' || !localAddress || !localPort || !remoteAddress || !remotePort) return null;
  if (performance.now() - readAt > FRESH_MS) {
    table = readTable();
    readAt = performance.now();
  }
  return table.get(`${endpoint(localAddress, localPort)} ${endpoint(remoteAddress, remotePort)}`) ?? null;
}

function readTable(): Map<string, number> {
  const queues = new Map<string, number>();
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    let text: string;
    try {
      text = readFileSync(file, 'latin1');
    } catch {
      continue; // no IPv6, or no /proc here
    }
    for (const line of text.split('\n').slice(1)) {
      // "  12: 0100007F:1F90 0100007F:C350 01 00000000:00000000 …", the last but one being the send queue
      const [, local, remote, , queue] = line.trim().split(/\s+/, 5);
      if (local && remote && queue) queues.set(`${local} ${remote}`, Number.parseInt(queue, 16));
    }
  }
  return queues;
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
  const [head = '', tail = ''] = text.split('::', 2).map((half) => half);
  const before = head ? head.split(':') : [];
  const after = tail ? tail.split(':') : [];
  const zeros = new Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
