/**
 * What kills a process that uses plain ws, and what must go on killing it: each in a process of its own (crash-child.ts).
 * survival.test.ts runs them with plain ws and with this package, docs/survival.md shows them.
 */
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import type * as ours from 'ws-linger';
import type Upstream from 'ws-upstream';
import { listen, portOf, until } from './end.js';
import { acceptUpgrade } from './pairs.js';
import { connectPeer, connectTcp, UPGRADE_REQUEST } from './peer.js';

/** Plain ws, or this package in its place. */
export type Library = typeof Upstream & Partial<Pick<typeof ours, 'guardProcess' | 'guardServer' | 'guardSocket'>>;

export interface Crash {
  /** What happens, as a sentence that goes on "when …". */
  name: string;
  /** What has to be called for it, apart from using this package. */
  needs?: 'guardServer()' | 'guardSocket()' | 'guardProcess()';
  /** Resolves when what happened is over. */
  act(ws: Library, linger: ours.LingerOptions): Promise<void>;
  /** What plain ws's process prints of the error that ends it. */
  plain: RegExp;
  /** What this package does: it logs that kind, or nothing; or the process ends as it does with plain ws. */
  ours: ours.CloseKind | 'nothing' | 'ends too';
}

const BROKEN_FRAME = Buffer.from([0xff, 0xff, 0xff, 0xff]);
const RESET = /Error: read ECONNRESET/;
const PROTOCOL = /RangeError: Invalid WebSocket frame: RSV2 and RSV3 must be clear/;
const mistake = () => new Error('a mistake of the application');
const MISTAKE = /Error: a mistake of the application/;

/** A WebSocketServer on a server of the user's, whose upgrade requests wait, as for an answer of a database. */
function waiting(ws: Library, server: http.Server, linger: ours.LingerOptions): void {
  const wss = new ws.WebSocketServer({ server, linger } as Upstream.ServerOptions);
  wss.handleUpgrade = () => {};
}

async function upgradeOf(server: http.Server, peer: net.Socket): Promise<net.Socket> {
  const upgrade = once(server, 'upgrade') as Promise<[unknown, net.Socket]>;
  peer.write(UPGRADE_REQUEST);
  return (await upgrade)[1];
}

/** The socket has closed, and the loop has turned often enough for an error of it to be thrown. */
async function gone(socket: net.Socket): Promise<void> {
  await until('it is closed', () => socket.closed);
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
}

async function resetBeforeHandleUpgrade(server: http.Server): Promise<void> {
  const peer = connectTcp(server);
  const socket = await upgradeOf(server, peer);
  peer.resetAndDestroy();
  await gone(socket);
}

/** A server for one connection that nobody listens to for errors, neither on its WebSocket nor elsewhere. */
async function oneClient(ws: Library, linger: ours.LingerOptions): Promise<[Upstream, net.Socket]> {
  const wss = new ws.WebSocketServer({ port: 0, host: '127.0.0.1', linger } as Upstream.ServerOptions);
  await once(wss, 'listening');
  const connected = once(wss, 'connection') as Promise<[Upstream]>;
  const peer = await connectPeer(portOf(wss));
  return [(await connected)[0], peer];
}

async function ended(ws: Upstream): Promise<void> {
  await new Promise<void>((resolve) => ws.once('close', () => resolve()));
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
}

export const CRASHES: Crash[] = [
  {
    name: "a peer resets between 'upgrade' and handleUpgrade()",
    async act(ws, linger) {
      const server = await listen(http.createServer());
      waiting(ws, server, linger);
      await resetBeforeHandleUpgrade(server);
    },
    plain: RESET,
    ours: 'upgrade-failed',
  },
  {
    name: "a peer that was connected before the server was guarded resets between 'upgrade' and handleUpgrade()",
    async act(ws, linger) {
      const server = await listen(http.createServer((_, response) => void response.end('hello')));
      const peer = connectTcp(server);
      peer.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
      await once(peer, 'data');
      waiting(ws, server, linger);
      const socket = await upgradeOf(server, peer);
      peer.resetAndDestroy();
      await gone(socket);
    },
    plain: RESET,
    ours: 'upgrade-failed',
  },
  {
    name: 'a peer resets while it is sent a refusal of its upgrade',
    async act(ws, linger) {
      const server = await listen(http.createServer());
      waiting(ws, server, linger);
      const peer = connectTcp(server);
      const socket = await upgradeOf(server, peer);
      socket.write('HTTP/1.1 401 Unauthorized\r\n\r\n');
      peer.resetAndDestroy();
      await gone(socket);
    },
    plain: RESET,
    ours: 'nothing',
  },
  {
    name: 'a peer resets before handleUpgrade() of a server with noServer',
    needs: 'guardServer()',
    async act(ws, linger) {
      const server = await listen(http.createServer().on('upgrade', () => {}));
      ws.guardServer?.(server, linger);
      await resetBeforeHandleUpgrade(server);
    },
    plain: RESET,
    ours: 'upgrade-failed',
  },
  {
    name: 'the target of a proxied upgrade resets',
    needs: 'guardSocket()',
    async act(ws, linger) {
      const target = await listen(net.createServer((socket) => socket.once('data', () => socket.resetAndDestroy())));
      const outward = net.connect(portOf(target), '127.0.0.1');
      ws.guardSocket?.(outward, linger);
      outward.write(UPGRADE_REQUEST);
      await gone(outward);
    },
    plain: RESET,
    ours: 'reset',
  },
  {
    name: 'a peer resets a connection of a TCP server that nobody watches',
    needs: 'guardProcess()',
    async act(ws, linger) {
      ws.guardProcess?.(linger);
      const server = await listen(net.createServer());
      const accepted = once(server, 'connection') as Promise<[net.Socket]>;
      const peer = connectTcp(server);
      const [socket] = await accepted;
      socket.resume();
      peer.resetAndDestroy();
      await gone(socket);
    },
    plain: RESET,
    ours: 'reset',
  },
  {
    name: "a client breaks the protocol, and the WebSocket has no 'error' listener",
    async act(ws, linger) {
      const [socket, peer] = await oneClient(ws, linger);
      peer.resume().end(BROKEN_FRAME);
      await ended(socket);
    },
    plain: PROTOCOL,
    ours: 'protocol-error',
  },
  {
    name: "a server breaks the protocol, and the WebSocket has no 'error' listener",
    async act(ws, linger) {
      const server = await listen(http.createServer());
      server.on('upgrade', (request, socket: net.Socket) => {
        acceptUpgrade(
          request,
          socket.on('error', () => {}),
        );
        socket.resume().end(BROKEN_FRAME);
      });
      await ended(new ws(`ws://127.0.0.1:${portOf(server)}`, { linger } as Upstream.ClientOptions));
    },
    plain: PROTOCOL,
    ours: 'protocol-error',
  },
  {
    name: 'a client breaks the protocol in bytes that are read only once its connection has closed',
    async act(ws, linger) {
      const [socket, peer] = await oneClient(ws, linger);
      socket.pause();
      const tcp = (socket as unknown as { _socket: net.Socket })._socket;
      peer.write(BROKEN_FRAME);
      await until('it has come', () => tcp.readableLength > 0);
      tcp.destroy();
      await ended(socket);
    },
    plain: PROTOCOL,
    ours: 'protocol-error',
  },
  {
    name: 'a peer breaks the protocol, with `guard: false`',
    async act(ws, linger) {
      const [socket, peer] = await oneClient(ws, { ...linger, guard: false });
      peer.resume().end(BROKEN_FRAME);
      await ended(socket);
    },
    plain: PROTOCOL,
    ours: 'ends too',
  },
  {
    name: "the application's own error is met before handleUpgrade()",
    async act(ws, linger) {
      const server = await listen(http.createServer());
      waiting(ws, server, linger);
      ws.guardProcess?.(linger); // both nets at once let it through
      const socket = await upgradeOf(server, connectTcp(server));
      socket.destroy(mistake());
      await gone(socket);
    },
    plain: MISTAKE,
    ours: 'ends too',
  },
  {
    name: "the application's own error is met where two copies of the package guard",
    async act(ws, linger) {
      const server = await listen(http.createServer());
      waiting(ws, server, linger);
      // As when two dependencies bring a version each.
      for (const file of Object.keys(require.cache)) delete require.cache[file];
      if (ws.guardServer) (require('ws-linger') as typeof ours).guardServer(server, linger);
      const socket = await upgradeOf(server, connectTcp(server));
      socket.destroy(mistake());
      await gone(socket);
    },
    plain: MISTAKE,
    ours: 'ends too',
  },
  {
    name: "the application's own error is met on a socket of its own",
    needs: 'guardProcess()',
    async act(ws, linger) {
      ws.guardProcess?.(linger);
      const server = await listen(net.createServer());
      const socket = net.connect(portOf(server), '127.0.0.1');
      await once(socket, 'connect');
      socket.destroy(mistake());
      await gone(socket);
    },
    plain: MISTAKE,
    ours: 'ends too',
  },
  {
    name: 'a connection is refused to a client that nobody watches',
    needs: 'guardProcess()',
    async act(ws, linger) {
      ws.guardProcess?.(linger);
      const server = await listen(net.createServer());
      const port = portOf(server);
      await new Promise((resolve) => server.close(resolve));
      await gone(net.connect(port, '127.0.0.1'));
    },
    plain: /Error: connect ECONNREFUSED/,
    ours: 'ends too',
  },
];
