/** node --expose-gc subject.js LIBRARY ATTACK: the server that is attacked, and what it uses up. */
import type { IncomingMessage } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type WebSocket from 'ws-linger';
import { portOf, until } from '../support/end.js';
import { attackOf, HONEST_PATH } from './attacks.js';
import { CountingLogger } from './log.js';
import type { FromSubject, ToSubject } from './messages.js';

const [, , library, name] = process.argv as [string, string, string, string];
const { WebSocketServer } = require(library) as typeof WebSocket;
const { options, serve } = attackOf(name);
const logger = new CountingLogger();
const tell = (message: FromSubject) => void process.send?.(message);

/** ws's own limit, in ms, and some more. */
const PATIENCE_MS = 45_000;
const LOOK_MS = 20;

const wss = new WebSocketServer({
  port: 0,
  host: '0.0.0.0',
  backlog: 20_000,
  ...options,
  linger: { ...options?.linger, logger },
});
wss.on('listening', () => tell({ type: 'listening', port: portOf(wss) }));
wss.on('connection', (ws: WebSocket, { url }: IncomingMessage) => {
  ws.on('error', () => {});
  if (url === HONEST_PATH) ws.on('message', (data) => ws.send(data));
  else serve?.(ws);
});

const count = (kind: RegExp) => process.getActiveResourcesInfo().filter((resource) => kind.test(resource)).length;
const sockets = () => count(/^TCPSocketWrap/);
const timers = () => count(/^(Timeout|Immediate)/);

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

const COLLECTIONS = 4;

/** Heap and buffers after some collections; not many, since connections may end meanwhile. */
async function memory(): Promise<number> {
  for (let i = 0; i < COLLECTIONS; i++) {
    await delay(20);
    globalThis.gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Connections that are open or lingering, by ws's count and by ours. */
function connections(): number {
  const stats = wss.stats?.();
  const ours = stats ? Object.values(stats.connections).reduce((sum, of) => sum + of, stats.lingering.now) : 0;
  return wss.clients.size + ours;
}

async function measure(): Promise<void> {
  const start = { memory: await memory(), rss: process.memoryUsage.rss(), timers: timers() };
  const next = () => new Promise<void>((resolve) => process.once('message', () => resolve()));
  const stalls = monitorEventLoopDelay({ resolution: 10 });
  stalls.enable();
  const began = performance.now();
  const cpuBefore = cpuMs();
  let [peak, turn, cpuLast] = [start.rss, 0, cpuBefore];
  const look = setInterval(() => {
    const cpu = cpuMs();
    turn = Math.max(turn, cpu - cpuLast);
    cpuLast = cpu;
    peak = Math.max(peak, process.memoryUsage.rss());
  }, LOOK_MS);

  tell({ type: 'began' });
  await next();
  const cpu = cpuMs() - cpuBefore;
  stalls.disable();
  clearInterval(look);
  const held = {
    sockets: sockets(),
    peak: peak - start.rss,
    held: (await memory()) - start.memory,
    cpu,
    stall: stalls.max / 1e6,
    turn,
  };
  tell({ type: 'held', report: held });

  await next();
  const left = () => connections() + sockets() + Math.max(0, timers() - start.timers);
  await until('nothing is left', () => left() === 0, PATIENCE_MS).catch(() => {});
  const seconds = (performance.now() - began) / 1_000;
  tell({ type: 'settled', report: { seconds, log: logger.counts(), left: left() } });
}

process.once('message', (message: ToSubject) => {
  if (message === 'begin') measure();
});
process.on('disconnect', () => process.exit());
