// Ten thousand peers that never answer close(): measures when 'close' is emitted and what the sockets hold while they
// linger, with plain ws in the same run, and checks that nothing is left afterwards.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import Table from 'cli-table3';
import { forkScript } from '../support/child.js';

const PEERS = 10_000;

export interface Report {
  /**
   * From the first close() to the last 'close' event, in ms; null for plain ws, which emits it later than this test
   * waits.
   */
  closedMs: number | null;
  lingering: number | null;
  /**
   * Heap per connection while sockets linger, or while plain ws waits, and after all are gone, in bytes over the start.
   */
  heapWaiting: number;
  heapAfter: number;
  /** TCP handles beyond the listening one, and timers, after all are gone. */
  handles: number;
  timers: number;
  /** CPU of the process in 5 s of lingering, in ms. */
  cpu: number;
}

async function linger(library: 'ws-linger' | 'ws-upstream'): Promise<Report> {
  const server = forkScript('scale/lingering-server', [library], { execArgv: ['--expose-gc'] });
  const [port] = (await once(server, 'message')) as [number];
  const round = async (count: number): Promise<Report> => {
    await once(server, 'message'); // 'ready'
    const peers = forkScript('scale/storm-peers', [String(port), String(count)]);
    await once(peers, 'message');
    server.send('close');
    await once(server, 'message');
    peers.send('reset');
    const [report] = (await once(server, 'message')) as [Report];
    peers.disconnect();
    return report;
  };
  await round(PEERS);
  const report = await round(PEERS);
  server.disconnect();
  return report;
}

it(`${PEERS} lingering sockets hold no more than plain ws's waiting ones, and leave nothing`, async () => {
  const plain = await linger('ws-upstream');
  const ours = await linger('ws-linger');
  const table = new Table({ head: ['', 'plain ws', 'ws-linger'], style: { head: [], border: [], compact: true } });
  for (const [name, key] of [
    ["until the last 'close', ms", 'closedMs'],
    ['lingering sockets then', 'lingering'],
    ['heap while they wait, bytes per connection', 'heapWaiting'],
    ['CPU in 5 s of waiting, ms', 'cpu'],
    ['heap after all are gone, bytes per connection', 'heapAfter'],
    ['TCP handles left', 'handles'],
    ['timers left', 'timers'],
  ] as [string, keyof Report][]) {
    table.push([name, plain[key] ?? '', ours[key] ?? '']);
  }
  console.log(table.toString());
  assert.equal(ours.lingering, PEERS);
  assert.ok(ours.heapWaiting <= 1.1 * plain.heapWaiting, 'lingering holds no more than waiting does');
  assert.ok(ours.heapAfter <= Math.max(100, 1.5 * plain.heapAfter), 'and nothing afterwards');
  assert.deepEqual([ours.handles, ours.timers], [plain.handles, plain.timers]);
});
