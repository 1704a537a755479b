/**
 * The child process with the server under test. It echoes messages, sends backlogs and closes connections when the run
 * says so, and reports how each connection ended. Its first argument is the address to listen on. With `--plain` the server is plain ws instead of ws-linger.
 */
import type { IncomingMessage } from 'node:http';
import type { CloseInfo } from '../../close-info';
import { loadNative } from '../../socket-control/load';
import { Upstream } from '../../upstream';
import { WebSocketServer } from '../../websocket-server';
import { backlogMessage } from './backlog';
import type { ObservedEnd } from './expected-ends';
import { SETTLE_TIMEOUT, waitUntilSettled } from './wait-until-settled';

export type ToServer = { type: 'close'; id: number; backlog: number } | { type: 'status' };

export interface ServerStatus {
  clients: number;
  /** Sockets and timers beyond those that the server had when it began to listen. */
  handles: number;
  heapBytes: number;
  rssBytes: number;
}

export type FromServer =
  | { type: 'listening'; port: number; control: 'native' | 'portable' | 'plain' }
  | ({ type: 'end'; received: number } & ObservedEnd)
  | ({ type: 'status' } & ServerStatus)
  | { type: 'uncaught'; message: string };

const plain = process.argv.includes('--plain');
const wss = new (plain ? Upstream.Server : WebSocketServer)({ host: process.argv[2] as string, port: 0 });
const connections = new Map<number, Upstream>();
const report = (message: FromServer) => process.send?.(message);
const openHandles = () =>
  process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap' || name === 'Timeout').length;
let idleHandles = 0;

process.on('uncaughtException', (error) => report({ type: 'uncaught', message: String(error.stack) }));
process.on('disconnect', () => process.exit());

wss.on('listening', () => {
  idleHandles = openHandles();
  const control = plain ? 'plain' : loadNative().binding ? 'native' : 'portable';
  report({ type: 'listening', port: (wss.address() as Upstream.AddressInfo).port, control });
});

wss.on('connection', (ws: Upstream, request: IncomingMessage) => {
  const id = Number(new URL(request.url ?? '', 'ws://server').searchParams.get('id'));
  const end: FromServer & { type: 'end' } = {
    type: 'end',
    id,
    code: 0,
    info: null,
    closes: 0,
    disconnects: 0,
    received: 0,
  };
  connections.set(id, ws);
  ws.on('message', (data, isBinary) => {
    end.received++;
    ws.send(data, { binary: isBinary });
  });
  ws.on('disconnect', (info: CloseInfo) => {
    end.info = info;
    end.disconnects++;
  });
  ws.on('close', (code) => {
    end.code = code;
    end.closes++;
    connections.delete(id);
    // A turn later, so that the report also counts a second 'close' of the same turn.
    if (end.closes === 1) setImmediate(report, end);
    else report(end);
  });
});

function close(id: number, backlog: number): void {
  const ws = connections.get(id);
  for (let n = 0; n < backlog; n++) ws?.send(backlogMessage(n));
  ws?.close(1001, 'going away');
}

/** Reports what the server holds, when no socket lingers any more. */
async function status(): Promise<ServerStatus> {
  await waitUntilSettled(SETTLE_TIMEOUT);
  globalThis.gc?.(); // so that two reports can be compared
  const { heapUsed, rss } = process.memoryUsage();
  const handles = Math.max(0, openHandles() - idleHandles);
  return { clients: wss.clients.size, handles, heapBytes: heapUsed, rssBytes: rss };
}

process.on('message', async (message: ToServer) => {
  if (message.type === 'close') close(message.id, message.backlog);
  else report({ type: 'status', ...(await status()) });
});
