/**
 * The server of a stability run, a process of its own: echoes, closes the connections it is told to (slow peers are sent
 * a backlog before), and reports how each ended. With `--plain` it is plain ws.
 */
import type { IncomingMessage } from 'node:http';
import type { CloseInfo } from '../../close-info';
import { loadNative } from '../../socket-control/load';
import { Upstream } from '../../upstream';
import { WebSocketServer } from '../../websocket-server';
import { backlogMessage } from './backlog';
import type { End } from './expected';
import { nothingLingers, SETTLE } from './settled';

export type ToServer = { type: 'close'; id: number; backlog: number } | { type: 'status' };

export interface ServerStatus {
  clients: number;
  /** Sockets and timers that were not there when the server had started. */
  handles: number;
  heapBytes: number;
  rssBytes: number;
}

export type FromServer =
  | { type: 'listening'; port: number; control: 'native' | 'portable' | 'plain' }
  | ({ type: 'end'; received: number } & End)
  | ({ type: 'status' } & ServerStatus)
  | { type: 'uncaught'; message: string };

const plain = process.argv.includes('--plain');
const wss = new (plain ? Upstream.Server : WebSocketServer)({ host: '127.0.0.1', port: 0 });
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
    // Late enough to count a second 'close', were there one in the same turn.
    if (end.closes === 1) setImmediate(report, end);
    else report(end);
  });
});

function close(id: number, backlog: number): void {
  const ws = connections.get(id);
  for (let n = 0; n < backlog; n++) ws?.send(backlogMessage(n));
  ws?.close(1001, 'going away');
}

/** What is left here, once no socket lingers. */
async function status(): Promise<ServerStatus> {
  await nothingLingers(SETTLE);
  globalThis.gc?.(); // so that two answers can be compared
  const { heapUsed, rss } = process.memoryUsage();
  const handles = Math.max(0, openHandles() - idleHandles);
  return { clients: wss.clients.size, handles, heapBytes: heapUsed, rssBytes: rss };
}

process.on('message', async (message: ToServer) => {
  if (message.type === 'close') close(message.id, message.backlog);
  else report({ type: 'status', ...(await status()) });
});
