/** Opens a WebSocket whose other end is a bare socket, for each role, transport and way of creating it. */
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import WebSocket, { attach, WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { certificate } from './certificate.js';
import { listen, portOf } from './end.js';
import { CLIENT_FRAMES, type Frames, SERVER_FRAMES, UPGRADE_REQUEST } from './peer.js';

/** `plain` is ws itself, `attached` is ws after attach(). */
export type Make = 'plain' | 'ours' | 'attached';
export type Role = 'server' | 'client';
/** `mapped` is an IPv4 client of a server that listens on `::`, whose addresses are IPv4-mapped (RFC 4291 §2.5.5.2). */
export type Transport = 'tcp' | 'tcp6' | 'mapped' | 'tls' | 'pipe';

export interface Pair {
  ws: WebSocket;
  peer: net.Socket;
  /** Frames as the peer sends them. */
  frames: Frames;
  /** Sends RST from the peer's side. */
  reset(): void;
  /** The server's set of connections; null for a client. */
  clients: Set<unknown> | null;
  stop(): void;
}

export interface PairOptions {
  make: Make;
  role: Role;
  transport?: Transport;
  linger?: WebSocket.LingerOptions;
  perMessageDeflate?: boolean;
}

export function openPair(options: PairOptions): Promise<Pair> {
  return options.role === 'server' ? serverPair(options) : clientPair(options);
}

type Where = { host: string; port: number } | { path: string };

async function listenOn(transport: Transport, server: net.Server): Promise<Where> {
  if (transport === 'pipe') {
    const path =
      process.platform === 'win32'
        ? `\\\\.\\pipe\\ws-linger-${randomUUID()}`
        : join(tmpdir(), `ws-linger-${randomUUID()}.sock`);
    server.listen(path);
    await once(server, 'listening');
    return { path };
  }
  const host = transport === 'tcp6' ? '::1' : '127.0.0.1';
  await listen(server, transport === 'mapped' ? '::' : host);
  return { host, port: portOf(server) };
}

async function serverPair({ make, transport = 'tcp', linger, perMessageDeflate = false }: PairOptions): Promise<Pair> {
  const server = transport === 'tls' ? https.createServer(await certificate()) : http.createServer();
  const wss: Upstream.Server =
    make === 'ours'
      ? (new WebSocketServer({ server, perMessageDeflate, ...(linger && { linger }) }) as unknown as Upstream.Server)
      : new Upstream.WebSocketServer({ server, perMessageDeflate });
  if (make === 'attached') attach(wss, linger);
  const where = await listenOn(transport, server);

  const connected = once(wss, 'connection');
  const tcp = net.connect({ ...where, allowHalfOpen: true });
  tcp.on('error', () => {});
  const peer = transport === 'tls' ? tls.connect({ socket: tcp, rejectUnauthorized: false }) : tcp;
  peer.on('error', () => {});
  peer.write(UPGRADE_REQUEST);
  await once(peer, 'data');
  const [ws] = (await connected) as [WebSocket];
  return {
    ws,
    peer,
    frames: CLIENT_FRAMES,
    reset: () => reset(tcp, peer),
    clients: wss.clients,
    stop: () => {
      peer.destroy();
      for (const client of wss.clients) client.terminate();
      wss.close();
      server.close();
    },
  };
}

async function clientPair({ make, transport = 'tcp', linger }: PairOptions): Promise<Pair> {
  const server = transport === 'tls' ? https.createServer({ ...(await certificate()) }) : http.createServer();
  const where = await listenOn(transport, server);
  const upgraded = once(server, 'upgrade').then(([request, socket]) => {
    socket.on('error', () => {});
    acceptUpgrade(request, socket);
    return socket as net.Socket & { _parent?: net.Socket };
  });
  const url =
    'path' in where
      ? `ws+unix:${where.path}:/`
      : `${transport === 'tls' ? 'wss' : 'ws'}://${net.isIPv6(where.host) ? `[${where.host}]` : where.host}:${where.port}/`;
  const wsOptions = { perMessageDeflate: false, rejectUnauthorized: false };
  const ws =
    make === 'ours'
      ? new WebSocket(url, { ...wsOptions, ...(linger && { linger }) })
      : (new Upstream(url, wsOptions) as unknown as WebSocket);
  if (make === 'attached') attach(ws as unknown as Upstream, linger);
  const [peer] = await Promise.all([upgraded, once(ws, 'open')]);
  return {
    ws,
    peer,
    frames: SERVER_FRAMES,
    reset: () => reset(peer._parent ?? peer, peer),
    clients: null,
    stop: () => {
      peer.destroy();
      ws.terminate();
      server.close();
    },
  };
}

/**
 * Sends RST. While FIN is pending it destroys the socket instead, because Node would refuse the reset and leak the
 * handle.
 */
function reset(tcp: net.Socket, stream: net.Socket): void {
  if (stream.writableEnded && !stream.writableFinished) stream.destroy();
  else tcp.resetAndDestroy();
}

/** Answers an upgrade request with 101. */
export function acceptUpgrade(request: http.IncomingMessage, socket: net.Socket): void {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
}

export function socketOf(ws: WebSocket): net.Socket {
  return (ws as unknown as { _socket: net.Socket })._socket;
}

export const STALL_BYTES = 12 * 1024 * 1024;

/** Sends STALL_BYTES, more than the kernels of both sides take, to a peer that stops reading. */
export async function stall({ ws, peer }: Pick<Pair, 'ws' | 'peer'>): Promise<void> {
  peer.pause();
  for (let i = 0; i < 12; i++) ws.send(Buffer.alloc(STALL_BYTES / 12));
  await new Promise(setImmediate);
  // Over TLS Windows takes it all at once, and tells only later how much of it waits.
  const isTold = process.platform !== 'win32' || !('encrypted' in peer);
  if (isTold) assert.ok(ws.bufferedAmount > 0, 'some bytes still wait in this process');
}
