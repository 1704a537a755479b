/**
 * Addresses: the texts that a stream has for its two ends. keyOf() throws for none of them, gives no key for what Node does not take
 * for an address, and its key is that of the same address by Node's own parser.
 *
 * Input: two ports of two bytes, and two texts with a line break between them.
 */
import assert from 'node:assert/strict';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { endianness } from 'node:os';
import { keyOf } from '../../dist/socket-control/tcp-table.js';

export function fuzz(data: Buffer): void {
  const [localPort, remotePort] = data.length < 4 ? [0, 0] : [data.readUInt16BE(0), data.readUInt16BE(2)];
  const [localAddress = '', remoteAddress = ''] = data.subarray(4).toString().split('\n');
  const key = keyOf({ localAddress, localPort, remoteAddress, remotePort });
  if (!isIP(localAddress) || !isIP(remoteAddress) || localPort === 0 || remotePort === 0) {
    assert.equal(key, null, 'no key for what is no connection');
    return;
  }
  const ends = /^(\S+):(\S+) (\S+):(\S+)$/.exec(key ?? '');
  assert.ok(ends, `a key: ${key}`);
  assertEnd(localAddress, localPort, ends[1] as string, ends[2] as string);
  assertEnd(remoteAddress, remotePort, ends[3] as string, ends[4] as string);
}

function assertEnd(address: string, port: number, hex: string, hexPort: string): void {
  assert.match(hexPort, /^[0-9A-F]{4}$/);
  assert.equal(Number.parseInt(hexPort, 16), port);
  assert.match(hex, isIPv6(address) ? /^[0-9A-F]{32}$/ : /^[0-9A-F]{8}$/);
  assert.ok(isSame(address, textOf(hex)), `${address} became ${textOf(hex)}`);
}

/** The address that stands in the table: words of 32 bits in this machine's order. */
function textOf(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  if (endianness() === 'LE') bytes.swap32();
  if (bytes.length === 4) return bytes.join('.');
  return Array.from({ length: 8 }, (_, group) => bytes.readUInt16BE(2 * group).toString(16)).join(':');
}

/** By Node's parser, to which an address without its scope is known. */
function isSame(address: string, other: string): boolean {
  const [bare = ''] = address.split('%');
  const family = isIPv6(bare) ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addAddress(bare, family);
  return list.check(other, family);
}
