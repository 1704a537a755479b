/**
 * node throwing.js: connections whose listeners throw, in a process that goes on after 'uncaughtException'. Each of a product of
 * events, acts in the listener, and ends. Prints one line of JSON.
 */
import { once } from 'node:events';
import type net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { deflateRawSync } from 'node:zlib';
import type WebSocket from 'ws-linger';
import { settled, WebSocketServer } from 'ws-linger';
import { until } from '../support/end.js';
import { connectTcp, textFrame, UPGRADE_REQUEST } from '../support/peer.js';

/** Printed as one line of JSON. */
export interface Thrown {
  combinations: number;
  /** Those that did not end exactly once, by name. */
  wrong: string[];
  /** What was thrown and reached 'uncaughtException'. */
  thrown: number;
  /** Connections that stats() still counts, by phase. */
  connections: number;
  /** How long drain() took, in ms. */
  drainMs: number;
}

const CLOSE_TIMEOUT = 200;

const EVENTS = ['message', 'ping', 'pong', 'disconnect', 'close'] as const;
const ACTS: Record<string, (ws: WebSocket) => void> = {
  throw: () => {},
  'close()': (ws) => ws.close(1000),
  'terminate()': (ws) => ws.terminate(),
  'abort()': (ws) => ws.abort(),
  'pause()': (ws) => ws.pause(),
  'send()': (ws) => ws.send('again', () => {}),
  'removeAllListeners()': (ws) => ws.removeAllListeners('message'),
};
const ENDS: Record<string, (ws: WebSocket, peer: net.Socket) => void> = {
  'close frame': (_, peer) => peer.end(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 1000 >> 8, 1000 & 0xff])),
  FIN: (_, peer) => peer.end(),
  RST: (_, peer) => peer.resetAndDestroy(),
  drain: () => {},
};
const DEFLATE = [false, true];

/** A masked frame with this opcode. */
const frame = (opcode: number) => Buffer.from([0x80 | opcode, 0x80, 0, 0, 0, 0]);

function deflated(text: string): Buffer {
  const body = deflateRawSync(text, { finishFlush: 2 }).subarray(0, -4);
  return Buffer.concat([Buffer.from([0xc1, 0x80 | body.length, 0, 0, 0, 0]), body]);
}

async function main(): Promise<void> {
  let thrown = 0;
  process.on('uncaughtException', (error) => {
    if (error.message === 'a listener throws') thrown++;
    else throw error;
  });
  const wss = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    perMessageDeflate: { threshold: 0 },
    linger: { logger: false, closeTimeout: CLOSE_TIMEOUT, closeDeadline: 2_000 },
  });
  await once(wss, 'listening');
  const counts: Record<string, string[]> = {};
  for (const event of EVENTS)
    for (const [act, reenter] of Object.entries(ACTS))
      for (const [end, finish] of Object.entries(ENDS))
        for (const isDeflated of DEFLATE) {
          const name = [event, act, end, isDeflated ? 'deflated' : 'plain'].join(', ');
          const seen: string[] = [];
          counts[name] = seen;
          const accepted = once(wss, 'connection') as Promise<[WebSocket]>;
          const peer = connectTcp(wss);
          peer.write(
            isDeflated
              ? UPGRADE_REQUEST.replace('\r\n\r\n', '\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n')
              : UPGRADE_REQUEST,
          );
          await once(peer, 'data');
          peer.resume();
          const [ws] = await accepted;
          ws.on('disconnect', () => seen.push('disconnect'));
          ws.on('close', () => seen.push('close'));
          ws.on('error', () => {});
          ws.on(event as 'ping', () => {
            reenter(ws);
            throw new Error('a listener throws');
          });
          // 'ping' and 'pong' before the message, which stops ws's receiver where its listener throws.
          if (event === 'ping') peer.write(frame(9));
          if (event === 'pong') peer.write(frame(10));
          peer.write(isDeflated ? deflated('hello') : textFrame('hello'));
          await delay(2);
          finish(ws, peer);
        }
  await delay(3_000);
  const began = performance.now();
  await wss.drain({ timeout: 1_000 });
  const drainMs = performance.now() - began;
  await until('all connections have ended', () => Object.values(counts).every((seen) => seen.includes('close')));
  await settled();
  const wrong = Object.entries(counts).filter(([, seen]) => seen.join() !== 'disconnect,close');
  const result: Thrown = {
    combinations: Object.keys(counts).length,
    wrong: wrong.map(([name, seen]) => `${name}: ${seen}`),
    thrown,
    connections: Object.values(wss.stats().connections).reduce((sum, count) => sum + count),
    drainMs,
  };
  console.log(JSON.stringify(result));
  process.exit();
}

main();
