/** The limits of this package where the global timers are those of a page. Prints one line of JSON. */
import '../support/page-timers.js';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import type WebSocket from 'ws-linger';
import { guardServer, settled, WebSocketServer } from 'ws-linger';
import { listen, portOf, until } from '../support/end.js';
import { connectPeer, connectTcp, UPGRADE_REQUEST } from '../support/peer.js';

/** Printed as one line of JSON. */
export interface PageTimers {
  /** How connections to silent peers ended. */
  closed: string;
  pinged: string;
  drained: Record<string, number>;
  /** Log lines of many broken frames: those that were written, and how many more the last of them counts. */
  lines: [written: number, suppressed: unknown];
  /** Upgrade requests that were ended: one that nobody answered, and one that was refused, of a peer that stays. */
  guarded: number;
}

const QUICK = { closeTimeout: 100, closeDeadline: 300, logger: false } as const;
const BROKEN_FRAME = Buffer.from([0xff, 0xff, 0xff, 0xff]);

async function serve(linger: WebSocket.LingerOptions) {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger });
  await once(wss, 'listening');
  const open = async () => {
    const accepted = once(wss, 'connection') as Promise<[WebSocket]>;
    const peer = await connectPeer(portOf(wss));
    return { ws: (await accepted)[0], peer: peer.pause() };
  };
  return { wss, open };
}

async function close(): Promise<string> {
  const { ws } = await (await serve(QUICK)).open();
  const { kind } = await ws.closeAsync();
  await settled();
  return kind;
}

async function ping(): Promise<string> {
  const { ws } = await (await serve({ ...QUICK, heartbeat: { interval: 50, timeout: 50 } })).open();
  await once(ws, 'close');
  return ws.closeInfo?.kind ?? '';
}

async function log(): Promise<PageTimers['lines']> {
  const lines: { suppressed?: unknown }[] = [];
  const logger = { debug() {}, warn: (line: object) => void lines.push(line) };
  const { open } = await serve({ ...QUICK, logger });
  for (let i = 0; i < 25; i++) {
    const { ws, peer } = await open();
    peer.write(BROKEN_FRAME);
    peer.resume().end();
    await new Promise((resolve) => ws.once('close', resolve));
  }
  await until('the lines left out are counted', () => lines.some(({ suppressed }) => suppressed !== undefined));
  const counts = lines.filter(({ suppressed }) => suppressed !== undefined);
  return [lines.length - counts.length, counts.reduce((sum, { suppressed }) => sum + Number(suppressed), 0)];
}

async function guard(): Promise<number> {
  const server = await listen(http.createServer());
  guardServer(server, { upgradeTimeout: 100, logger: false });
  const answers = ['', 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n'];
  let closed = 0;
  server.on('upgrade', (_, socket) => {
    const answer = answers.pop();
    if (answer) socket.end(answer);
    socket.once('close', () => closed++);
  });
  for (let i = 1; i <= 2; i++) {
    net
      .connect({ port: portOf(server), host: '127.0.0.1', allowHalfOpen: true })
      .resume()
      .write(UPGRADE_REQUEST);
    await until('its socket is closed', () => closed === i);
  }
  return closed;
}

/** One connection is open, and another opens meanwhile. */
async function drain(): Promise<PageTimers['drained']> {
  let accept = () => {};
  const verifyClient = (_: unknown, done: (isAccepted: boolean) => void) => {
    accept = () => done(true);
  };
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', verifyClient, linger: QUICK });
  await once(wss, 'listening');
  for (const _ of [0, 1]) {
    connectTcp(wss).write(UPGRADE_REQUEST);
    const asked = accept;
    await until('the server is asked', () => accept !== asked);
    if (wss.clients.size === 0) accept();
  }
  const drained = wss.drain({ timeout: 1_000 });
  accept();
  const ended = Object.entries(await drained).filter(([, count]) => count > 0);
  return Object.fromEntries(ended);
}

async function main(): Promise<void> {
  const result: PageTimers = {
    closed: await close(),
    pinged: await ping(),
    drained: await drain(),
    lines: await log(),
    guarded: await guard(),
  };
  console.log(JSON.stringify(result));
  process.exit();
}

void main();
