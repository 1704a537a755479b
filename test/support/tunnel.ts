/** WebSockets over streams that are not TCP sockets. */
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type WebSocket from 'ws-linger';
import type { WebSocketServer } from 'ws-linger';
import type Upstream from 'ws-upstream';
import { listen, portOf } from './end.js';
import { SAMPLE_KEY } from './peer.js';
import type { Class, Inner } from './side-by-side.js';

export interface Tunnel {
  server: Duplex;
  client: Duplex;
  stop(): void;
}

/** Two connected Duplex streams. The server's takes `largeMs` to write a chunk of 1 MB or more. */
export function duplexTunnel(largeMs = 0): Tunnel {
  const ends: Duplex[] = [];
  const end = (other: number, ms: number) =>
    new Duplex({
      read() {},
      write(chunk, _, done) {
        const pass = () => {
          ends[other]?.push(chunk);
          done();
        };
        if (chunk.length < 1_000_000) pass();
        else setTimeout(pass, ms);
      },
      final(done) {
        ends[other]?.push(null);
        done();
      },
    });
  ends.push(end(1, largeMs), end(0, 0));
  const [server, client] = ends as [Duplex, Duplex];
  return { server, client, stop: () => {} };
}

/** Both ends of an HTTP/2 stream. */
export async function http2Tunnel(): Promise<Tunnel> {
  const server = await listen(http2.createServer());
  const accepted = once(server, 'stream') as Promise<[http2.ServerHttp2Stream]>;
  const session = http2.connect(`http://127.0.0.1:${portOf(server)}`);
  const client = session.request({ ':method': 'POST' }, { endStream: false });
  const [stream] = await accepted;
  stream.respond();
  return {
    server: stream,
    client,
    stop: () => {
      session.destroy();
      server.close();
    },
  };
}

/** Calls handleUpgrade() of a `noServer` server for a stream, with an upgrade request that was never sent over it. */
export function upgradeStream(wss: Upstream.Server | WebSocketServer, stream: Duplex): Promise<WebSocket> {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': SAMPLE_KEY,
  };
  const request = { method: 'GET', url: '/', headers, socket: stream } as unknown as http.IncomingMessage;
  return new Promise((resolve) => {
    (wss as Upstream.Server).handleUpgrade(request, stream, Buffer.alloc(0), (ws) => resolve(ws as WebSocket));
  });
}

/** Opens a WebSocket over a tunnel, with a server of the class `Server` and a client of the class `Client`. */
export async function openOver(
  tunnel: Tunnel,
  Server: Class,
  Client: Class,
  options: object,
): Promise<{ server: Inner; client: Inner }> {
  const httpServer = http.createServer();
  const wss = new Server.Server({ server: httpServer, ...options });
  const connected = once(wss, 'connection') as Promise<[Inner]>;
  const client = new Client('ws://tunnel/', {
    ...options,
    createConnection: () => tunnel.client as Socket,
  }) as Inner;
  httpServer.emit('connection', tunnel.server);
  const [[server]] = await Promise.all([connected, once(client, 'open')]);
  return { server, client };
}
