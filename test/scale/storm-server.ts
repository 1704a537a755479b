/** node storm-server.js LIBRARY: the server of storm.test.ts. Counts its log lines at debug and discards them. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import type WebSocket from 'ws-linger';
import { portOf, until } from '../support/end.js';

const { WebSocketServer } = require(process.argv[2] as string) as typeof WebSocket;
let lines = 0;
let bytes = 0;
const discarding = new Writable({
  write(chunk: Buffer, _, done) {
    lines++;
    bytes += chunk.length;
    done();
  },
});
const wss = new WebSocketServer({
  port: 0,
  host: '127.0.0.1',
  backlog: 10_000,
  linger: { logger: pino({ level: 'debug' }, discarding) },
});
let ended = 0;
wss.on('listening', () => process.send?.(portOf(wss)));
wss.on('connection', (ws) => ws.on('close', () => ended++));

process.once('message', async () => {
  const peers = wss.clients.size;
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  process.send?.('ready');
  await until('the first reset', () => ended > 0, 60_000);
  const began = performance.now();
  await until('the last reset', () => ended === peers, 60_000);
  const ms = Math.round(performance.now() - began);
  // The line that counts the suppressed lines is written within a second.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const inMs = (ns: number) => Math.round(ns / 1e4) / 100;
  process.send?.({
    ended,
    resets: wss.stats?.().ended.reset ?? null,
    lines,
    bytes,
    ms,
    delayP50: inMs(delay.percentile(50)),
    delayMax: inMs(delay.max),
  });
});
process.on('disconnect', () => process.exit());
