/**
 * The process whose promises are tested: WebSockets of this package at their defaults, as server and as client. It does what the
 * runner orders and tells when 'close' came and when the socket was gone. Runs on Windows Node, too.
 */
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import WebSocket, { drainOnSignal, WebSocketServer } from 'ws-linger';
import { listenToRunner } from '../lossless/channel.js';
import { portOf } from '../support/end.js';
import { Wire } from '../support/wire.js';
import type { Identity, Line, SubjectAct, SubjectNews, SubjectOptions, SubjectOrder, Transport } from './orders.js';

const [control, ...files] = process.argv.slice(2);
/** Under Wine nothing tells this process that its runner is gone. */
const LONGEST_RUN_MS = 10 * 60_000;
const FILL = { messages: 32, bytes: 65_536, quietMs: 700, withinMs: 12_000 };

let identity: Identity;
const open = new Map<string, WebSocket>();
const servers = new Map<string, WebSocketServer>();
const lines: Line[] = [];

const note = (level: Line['level']) => (fields: object) => {
  lines.push({ suppressed: 0, ...fields, level, at: Date.now() } as Line);
};
const counting = { debug: note('debug'), warn: note('warn') };

function withDefaults({ linger, ...options }: SubjectOptions): object {
  const logger = linger?.logger === 'count' ? counting : false;
  return { ...options, perMessageDeflate: false, linger: { ...linger, logger, control } };
}

function listen(id: string, transport: Transport, options: SubjectOptions, answer: string): void {
  const web = transport === 'tls' ? https.createServer(identity) : http.createServer();
  const wss = new WebSocketServer({ server: web, ...withDefaults(options) });
  servers.set(id, wss);
  wss.on('connection', (ws, request) => onOpen(request.url?.slice(1) ?? '', ws));
  if (answer !== 'accepting') {
    wss.handleUpgrade = (request, socket) => {
      const of = request.url?.slice(1) ?? '';
      socket.on('error', () => {});
      socket.on('close', () => tell({ is: 'gone', id: of, at: Date.now() }));
      if (answer === 'refusing')
        socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      tell({ is: 'upgrading', id: of, at: Date.now() });
    };
  }
  const listener =
    transport === 'duplex'
      ? net.createServer({ allowHalfOpen: true }, (socket) => web.emit('connection', new Wire(socket)))
      : web;
  listener.listen(0, '0.0.0.0', () => tell({ is: 'listening', id, port: portOf(listener) }));
}

function connect({ id, transport, options, host, port }: Extract<SubjectOrder, { do: 'connect' }>): void {
  const createConnection = () => new Wire(net.connect({ host, port })) as unknown as net.Socket;
  const ws = new WebSocket(`${transport === 'tls' ? 'wss' : 'ws'}://${host}:${port}/${id}`, {
    ...withDefaults(options),
    rejectUnauthorized: false,
    ...(transport === 'duplex' && { createConnection }),
  });
  ws.on('open', () => onOpen(id, ws));
  ws.on('error', (error) => {
    if (!open.has(id)) tell({ is: 'failed', id, why: String(error) });
  });
}

function onOpen(id: string, ws: WebSocket): void {
  open.set(id, ws);
  const { _socket: socket } = ws as unknown as { _socket: net.Socket };
  socket.on('close', () => tell({ is: 'gone', id, at: Date.now() }));
  ws.on('error', () => {});
  ws.on('close', (code) => tell({ is: 'told', id, at: Date.now(), code, kind: ws.closeInfo?.kind ?? 'unknown' }));
  tell({ is: 'open', id });
}

async function fill(id: string, ws: WebSocket): Promise<void> {
  for (let i = 0; i < FILL.messages; i++) ws.send(Buffer.alloc(FILL.bytes), () => {});
  const until = Date.now() + FILL.withinMs;
  // Over TLS on Windows none of it waits in sight.
  let [waits, since] = [-1, Date.now()];
  while (Date.now() - since < FILL.quietMs) {
    if (Date.now() > until) throw new Error(`${ws.bufferedAmount} bytes wait, and do not rest`);
    if (ws.bufferedAmount !== waits) [waits, since] = [ws.bufferedAmount, Date.now()];
    await delay(50);
  }
  tell({ is: 'stalled', id });
}

async function drain(id: string, wss: WebSocketServer): Promise<void> {
  await wss.drain();
  tell({ is: 'drained', id, at: Date.now() });
}

function act(id: string, what: SubjectAct): void {
  const ws = open.get(id) as WebSocket;
  const wss = servers.get(id) as WebSocketServer;
  const failed = (error: Error) => tell({ is: 'failed', id, why: error.message });
  switch (what) {
    case 'fill':
      fill(id, ws).catch(failed);
      return;
    case 'stats': {
      const { now, cut } = wss.stats().lingering;
      tell({ is: 'stats', id, lingering: now, cut });
      return;
    }
    case 'lines':
      tell({ is: 'lines', id, lines });
      return;
    case 'drain':
      drain(id, wss).catch(failed);
      break;
    case 'close':
      ws.close();
      break;
    case 'send':
      ws.send('anybody there?', () => {});
      break;
    case 'drain-on-signal':
      drainOnSignal(wss);
      break;
    case 'emit-signal':
      process.emit('SIGTERM', 'SIGTERM');
      break;
  }
  tell({ is: 'acted', id, at: Date.now() });
}

const tell = listenToRunner<SubjectOrder, SubjectNews>(files, (order) => {
  if (order.do === 'setup') identity = order;
  else if (order.do === 'listen') listen(order.id, order.transport, order.options, order.answer);
  else if (order.do === 'connect') connect(order);
  else act(order.id, order.act);
});
setTimeout(() => process.exit(), LONGEST_RUN_MS).unref();
