/**
 * The text of Linux's tables of TCP connections, /proc/net/tcp and tcp6: how they write a connection, and what a row says of it. See
 * proc(5), and get_tcp4_sock() in the kernel's net/ipv4/tcp_ipv4.c.
 */
import { isIP, isIPv4, type Socket } from 'node:net';
import type { TransportLook } from './contract';

/** Behind both ends: state, send queue, receive queue, timer, its time, retransmissions, user, unanswered probes. */
const COLUMNS = /^ \w\w ([\dA-F]+):\w+ (\w\w):\w+ ([\dA-F]+) +\d+ +(\d+)/;
/** The kernel's number for the timer of zero-window probes. */
const PROBING = '04';

/** How a table writes both ends of a connection; null for a stream that has none, or another text in their place. */
export function keyOf({ localAddress, localPort, remoteAddress, remotePort }: Partial<Socket>): string | null {
  if (!localAddress || !localPort || !remoteAddress || !remotePort) return null;
  if (!isIP(localAddress) || !isIP(remoteAddress)) return null;
  return `${endpoint(localAddress, localPort)} ${endpoint(remoteAddress, remotePort)}`;
}

/** Returns what comes behind the last whole row. */
export function eachRow(text: string, onRow: (row: string) => void): string {
  let from = 0;
  for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
    onRow(text.slice(from, to));
    from = to + 1;
  }
  return text.slice(from);
}

/** "  12: 0100007F:1F90 0100007F:C350 01 …": what stands between the row's number and the state; '' in any other line. */
export function keyIn(line: string): string {
  const number = line.indexOf(': ');
  const from = number + 2;
  const to = line.indexOf(' ', line.indexOf(' ', from) + 1);
  return number < 0 || to < 0 ? '' : line.slice(from, to);
}

/** What the row of the connection with this key says of it. */
export function lookIn(line: string, key: string, at: number): TransportLook {
  const [, queue = '0', timer, resent, unanswered] = COLUMNS.exec(line.slice(line.indexOf(key) + key.length)) ?? [];
  // Of a peer that does not acknowledge what was sent again, or that leaves probes unanswered, nothing is known.
  const isSilent = timer === undefined || Number.parseInt(resent ?? '', 16) > 0 || Number(unanswered) > 1;
  const peerWindow = isSilent ? 'unknown' : timer === PROBING ? 'zero' : 'open';
  return { unacknowledged: Number.parseInt(queue, 16), peerWindow, at };
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
