/**
 * /proc/net/tcp: any text in the place of the table, in pieces of any size. Nothing throws, no row is taken for that of another
 * connection, and what a row says is what a plain parser by columns reads in it.
 *
 * Input: the size of the pieces, which of some connections is looked for, and the table.
 */
import assert from 'node:assert/strict';
import type { TransportLook } from '../../dist/socket-control/contract.js';
import { eachRow, keyIn, keyOf, lookIn } from '../../dist/socket-control/tcp-table.js';

const CONNECTIONS = [
  ['127.0.0.1', 8080, '127.0.0.1', 50000],
  ['10.1.2.3', 443, '192.168.7.9', 1],
  ['::1', 8080, '::1', 50000],
  ['::ffff:127.0.0.1', 8080, '::ffff:10.0.0.7', 50001],
] as const;

export function fuzz(data: Buffer): void {
  const [size = 0, which = 0] = data;
  const table = data.subarray(2).toString('latin1');
  const [localAddress, localPort, remoteAddress, remotePort] = CONNECTIONS[
    which % CONNECTIONS.length
  ] as (typeof CONNECTIONS)[number];
  const key = keyOf({ localAddress, localPort, remoteAddress, remotePort }) as string;

  const rows: string[] = [];
  let rest = '';
  const step = size || table.length || 1;
  for (let at = 0; at < table.length; at += step) {
    rest = eachRow(rest + table.slice(at, at + step), (row) => rows.push(row));
  }
  const lines = table.split('\n');
  assert.equal(rest, lines.pop(), 'what has no line break behind it waits');
  assert.deepEqual(rows, lines, 'each line is a row');

  for (const row of rows) {
    const found = keyIn(row);
    assert.ok(row.includes(found));
    const columns = columnsOf(row);
    if (columns) assert.equal(found, columns.key, 'the key of a row of the kernel');
    if (found !== key) continue;
    const { local, remote } = ends(row);
    assert.equal(`${local} ${remote}`, key, 'the ends of the row are those of the connection');
    assertLook(lookIn(row, key, 7), columns);
  }
}

function assertLook(look: TransportLook, columns: Columns | null): void {
  assert.equal(look.at, 7);
  assert.ok(Number.isFinite(look.unacknowledged) && look.unacknowledged >= 0, `${look.unacknowledged} bytes`);
  if (!columns) return;
  const isSilent = columns.resent > 0 || columns.unanswered > 1;
  const peerWindow = isSilent ? 'unknown' : columns.timer === 4 ? 'zero' : 'open';
  assert.deepEqual(look, { unacknowledged: columns.queue, peerWindow, at: 7 });
}

interface Columns {
  key: string;
  queue: number;
  timer: number;
  resent: number;
  unanswered: number;
}

/** Both ends of a line: the two words behind the first word that ends in a colon. */
function ends(line: string): { local: string | undefined; remote: string | undefined } {
  const words = line.split(' ');
  const number = words.findIndex((word) => word.endsWith(':'));
  return { local: words[number + 1], remote: words[number + 2] };
}

/** The columns of a line as the kernel prints it; null for any other line. */
function columnsOf(line: string): Columns | null {
  const words = line.trim().split(/ +/);
  const [
    number = '',
    local = '',
    remote = '',
    state = '',
    queues = '',
    timer = '',
    resent = '',
    user = '',
    probes = '',
  ] = words;
  const formats: [string, RegExp][] = [
    [line, /^ *\d+: \S+ \S+ \S+ \S+ \S+ \S+ +\d+ +\d+( |$)/],
    [number, /^\d+:$/],
    [local, /^([0-9A-F]{8}|[0-9A-F]{32}):[0-9A-F]{4}$/],
    [remote, /^([0-9A-F]{8}|[0-9A-F]{32}):[0-9A-F]{4}$/],
    [state, /^[0-9A-F]{2}$/],
    [queues, /^[0-9A-F]{8}:[0-9A-F]{8}$/],
    [timer, /^[0-9A-F]{2}:[0-9A-F]{8}$/],
    [resent, /^[0-9A-F]{8}$/],
    [user, /^\d+$/],
    [probes, /^\d+$/],
  ];
  if (!formats.every(([text, format]) => format.test(text))) return null;
  const hexadecimal = (text: string) => Number.parseInt(text, 16);
  return {
    key: `${local} ${remote}`,
    queue: hexadecimal(queues.slice(0, 8)),
    timer: hexadecimal(timer.slice(0, 2)),
    resent: hexadecimal(resent),
    unanswered: Number(probes),
  };
}
