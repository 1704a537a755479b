// Ten thousand peers that reset at once: each reset is counted, the log stays short, and the delay of the event loop is
// printed, with plain ws in the same run.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import Table from 'cli-table3';
import { forkScript } from '../support/child.js';

export const PEERS = 10_000;

export interface Report {
  ended: number;
  resets: number | null;
  lines: number;
  bytes: number;
  ms: number;
  delayP50: number;
  delayMax: number;
}

async function storm(library: 'ws-linger' | 'ws-upstream'): Promise<Report> {
  const server = forkScript('scale/storm-server', [library]);
  const [port] = (await once(server, 'message')) as [number];
  const peers = forkScript('scale/storm-peers', [String(port), String(PEERS)]);
  await once(peers, 'message');
  server.send('begin');
  await once(server, 'message');
  peers.send('reset');
  const [report] = (await once(server, 'message')) as [Report];
  for (const child of [server, peers]) child.disconnect();
  return report;
}

it(`${PEERS} resets at once are all counted, with a bounded number of log lines`, async () => {
  const plain = await storm('ws-upstream');
  const ours = await storm('ws-linger');
  const table = new Table({ head: ['', 'plain ws', 'ws-linger'], style: { head: [], border: [], compact: true } });
  for (const [name, key] of [
    ['connections ended', 'ended'],
    ['of those, counted as reset', 'resets'],
    ['log lines at debug', 'lines'],
    ['log bytes', 'bytes'],
    ['until the last, ms', 'ms'],
    ['event loop delay, p50, ms', 'delayP50'],
    ['event loop delay, max, ms', 'delayMax'],
  ] as [string, keyof Report][]) {
    table.push([name, plain[key] ?? '', ours[key] ?? '']);
  }
  console.log(table.toString());
  assert.equal(plain.ended, PEERS);
  assert.equal(ours.ended, PEERS);
  assert.equal(ours.resets, PEERS);
  // 20 lines in each second, and one line that counts the rest.
  assert.ok(ours.lines <= 21 * (Math.ceil(ours.ms / 1_000) + 1), `${ours.lines} lines`);
});
