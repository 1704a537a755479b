/** A server with a heartbeat whose interval is so long that only waking up makes it ping. Reports messages, and how connections end. */
import type net from 'node:net';
import type WebSocket from 'ws-linger';
import { WebSocketServer } from 'ws-linger';
import { portOf } from './end.js';
import { socketOf } from './pairs.js';

export interface Ended {
  kind: string;
  /** The peer's port. */
  port: number | undefined;
}

const heartbeat = { interval: 60_000, timeout: 2_000 };
const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger: { heartbeat, logger: false } });
wss.on('listening', () => process.send?.(portOf(wss)));
wss.on('connection', (ws) => {
  ws.on('message', () => process.send?.('message'));
  const port = (socketOf(ws) as net.Socket).remotePort;
  ws.on('disconnect', ({ kind }: WebSocket.CloseInfo) => process.send?.({ kind, port } satisfies Ended));
});
process.on('disconnect', () => process.exit());
