/**
 * node --expose-gc lingering-server.js LIBRARY: the server of lingering.test.ts. Closes all its connections and
 * measures what they hold.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type WebSocket from 'ws-linger';
import { portOf, until } from '../support/end.js';
import type { Report } from './lingering.test.js';

const { WebSocketServer } = require(process.argv[2] as string) as typeof WebSocket;
const collect = (globalThis as unknown as { gc(): void }).gc;
const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', backlog: 10_000, linger: { logger: false } });
wss.on('listening', () => process.send?.(portOf(wss)));

/** Returns the heap's size once further collections no longer shrink it. */
async function heap(): Promise<number> {
  for (let last = Number.POSITIVE_INFINITY; ; ) {
    await delay(50);
    collect();
    const { heapUsed } = process.memoryUsage();
    if (heapUsed >= last * 0.999) return heapUsed;
    last = heapUsed;
  }
}

const count = (kind: RegExp) => process.getActiveResourcesInfo().filter((name) => kind.test(name)).length;

async function round(): Promise<void> {
  const before = await heap();
  process.send?.('ready');
  await new Promise((resolve) => process.once('message', resolve));
  const peers = wss.clients.size;
  let closed = 0;
  let closedMs: number | null = null;
  const began = performance.now();
  for (const ws of wss.clients) {
    ws.on('close', () => {
      if (++closed === peers) closedMs ??= Math.round(performance.now() - began);
    });
    ws.close(1001);
  }
  await delay(4_000);
  const lingering = wss.stats?.().lingering.now ?? null;
  const cpu = process.cpuUsage();
  await delay(5_000);
  const { user, system } = process.cpuUsage(cpu);
  const waiting = await heap();
  const closedBefore = closedMs;
  process.send?.('waiting');
  await until('all sockets are gone', () => count(/^TCPSocketWrap/) === 0, 60_000);
  await until("every 'close' is emitted", () => closed === peers, 60_000);
  const perPeer = (bytes: number) => Math.round((bytes - before) / peers);
  process.send?.({
    closedMs: closedBefore,
    lingering,
    heapWaiting: perPeer(waiting),
    heapAfter: perPeer(await heap()),
    handles: count(/^TCPSocketWrap/),
    timers: count(/^Timeout/),
    cpu: Math.round((user + system) / 1_000),
  } satisfies Report);
}

async function main(): Promise<void> {
  // The first round also pays for code and tables that are loaded once, so only the second counts.
  await round();
  await round();
}

process.on('disconnect', () => process.exit());
main();
