/**
 * Events that end a process that uses plain ws. This package prevents most of these exits; errors of the application
 * must still end the process. Each entry runs in a process of its own (crash-child.ts), with plain ws and with this
 * package, from survival.test.ts. docs/survival.md lists them.
 */
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import type * as ours from 'ws-linger';
import type Upstream from 'ws-upstream';
import { listen, portOf, until } from './end.js';
import { acceptUpgrade } from './pairs.js';
import { connectPeer, connectTcp, UPGRADE_REQUEST } from './peer.js';

/** The module under test: plain ws, or this package. */
export type Library = typeof Upstream & Partial<Pick<typeof ours, 'guardProcess' | 'guardServer' | 'guardSocket'>>;

export interface Crash {
  /** The event, worded to follow "when". */
  name: string;
  /** The call that the protection needs, where using this package is not enough. */
  needs?: 'guardServer()' | 'guardSocket()' | 'guardProcess()';
  /** Brings the event about. Resolves once its effects are over. */
  act(ws: Library, linger: ours.LingerOptions): Promise<void>;
  /** Matches the error that plain ws's process prints when it exits. */
  plain: RegExp;
  /**
   * With this package: the kind that is logged, 'nothing' if no line is logged, or 'ends too' if the process exits as
   * with plain ws.
   */
  ours: ours.CloseKind | 'nothing' | 'ends too';
}

const BROKEN_FRAME = Buffer.from([0xff, 0xff, 0xff, 0xff]);
const RESET = /Error: read ECONNRESET/;
const PROTOCOL = /RangeError: Invalid WebSocket frame: RSV2 and RSV3 must be clear/;
const applicationError = () => new Error('an error of the application');
const APPLICATION_ERROR = /Error: an error of the application/;

/**
 * Attaches a WebSocketServer that never answers an upgrade request, like an application that still waits for its
 * database.
 */
function holdUpgrades(ws: Library, server: http.Server, linger: ours.LingerOptions): void {
  const wss = new ws.WebSocketServer({ server, linger } as Upstream.ServerOptions);
  wss.handleUpgrade = () => {};
}

/** Sends an upgrade request and returns the server's socket of it. */
async function upgradeOf(server: http.Server, peer: net.Socket): Promise<net.Socket> {
  const upgrade = once(server, 'upgrade') as Promise<[unknown, net.Socket]>;
  peer.write(UPGRADE_REQUEST);
  return (await upgrade)[1];
}

/** Waits until the socket has closed, and then a few turns of the event loop, in which its error would be thrown. */
async function closed(socket: net.Socket): Promise<void> {
  await until('the socket is closed', () => socket.closed);
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
}

async function resetBeforeHandleUpgrade(server: http.Server): Promise<void> {
  const peer = connectTcp(server);
  const socket = await upgradeOf(server, peer);
  peer.resetAndDestroy();
  await closed(socket);
}

/** Opens one connection. Its WebSocket, its socket and its server have no 'error' listener. */
async function openUnwatched(ws: Library, linger: ours.LingerOptions): Promise<[Upstream, net.Socket]> {
  const wss = new ws.WebSocketServer({ port: 0, host: '127.0.0.1', linger } as Upstream.ServerOptions);
  await once(wss, 'listening');
  const connected = once(wss, 'connection') as Promise<[Upstream]>;
  const peer = await connectPeer(portOf(wss));
  return [(await connected)[0], peer];
}

/** Waits for 'close', and then a few turns of the event loop, in which an error would be thrown. */
async function ended(ws: Upstream): Promise<void> {
  await new Promise<void>((resolve) => ws.once('close', () => resolve()));
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
}

export const CRASHES: Crash[] = [
  {
    name: "a peer resets between 'upgrade' and handleUpgrade()",
    async act(ws, linger) {
      const server = await listen(http.createServer());
      holdUpgrades(ws, server, linger);
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
      holdUpgrades(ws, server, linger);
      const socket = await upgradeOf(server, peer);
      peer.resetAndDestroy();
      await closed(socket);
    },
    plain: RESET,
    ours: 'upgrade-failed',
  },
  {
    name: 'a peer resets while the server refuses its upgrade',
    async act(ws, linger) {
      const server = await listen(http.createServer());
      holdUpgrades(ws, server, linger);
      const peer = connectTcp(server);
      const socket = await upgradeOf(server, peer);
      socket.write('HTTP/1.1 401 Unauthorized\r\n\r\n');
      peer.resetAndDestroy();
      await closed(socket);
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
    name: "a peer resets before handleUpgrade() of a server with noServer, which was guarded before it had an 'upgrade' listener",
    needs: 'guardServer()',
    async act(ws, linger) {
      const server = await listen(http.createServer());
      ws.guardServer?.(server, linger);
      server.on('upgrade', () => {});
      await resetBeforeHandleUpgrade(server);
    },
    plain: RESET,
    ours: 'upgrade-failed',
  },
  {
    name: "a peer resets while a router, which has taken ws's 'upgrade' listener from the server, waits",
    async act(ws, linger) {
      const server = await listen(http.createServer());
      new ws.WebSocketServer({ server, linger } as Upstream.ServerOptions);
      const [upgrade] = server.listeners('upgrade');
      server.removeAllListeners('upgrade');
      server.on('upgrade', (...args) => setTimeout(() => upgrade?.apply(server, args), 60_000).unref());
      await resetBeforeHandleUpgrade(server);
    },
    plain: RESET,
    ours: 'upgrade-failed',
  },
  {
    name: 'a peer resets before handleUpgrade() of a server that is handed its requests by another server',
    async act(ws, linger) {
      const inner = http.createServer();
      holdUpgrades(ws, inner, linger);
      const outer = await listen(http.createServer());
      outer.on('upgrade', (...args) => inner.emit('upgrade', ...args));
      await resetBeforeHandleUpgrade(outer);
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
      await closed(outward);
    },
    plain: RESET,
    ours: 'reset',
  },
  {
    name: "a peer resets a TCP connection that has no 'error' listener",
    needs: 'guardProcess()',
    async act(ws, linger) {
      ws.guardProcess?.(linger);
      const server = await listen(net.createServer());
      const accepted = once(server, 'connection') as Promise<[net.Socket]>;
      const peer = connectTcp(server);
      const [socket] = await accepted;
      socket.resume();
      peer.resetAndDestroy();
      await closed(socket);
    },
    plain: RESET,
    ours: 'reset',
  },
  {
    name: "a client breaks the protocol, and the WebSocket has no 'error' listener",
    async act(ws, linger) {
      const [socket, peer] = await openUnwatched(ws, linger);
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
      const [socket, peer] = await openUnwatched(ws, linger);
      socket.pause();
      const tcp = (socket as unknown as { _socket: net.Socket })._socket;
      peer.write(BROKEN_FRAME);
      await until('the bytes have arrived', () => tcp.readableLength > 0);
      tcp.destroy();
      await ended(socket);
    },
    plain: PROTOCOL,
    ours: 'protocol-error',
  },
  {
    name: 'a peer breaks the protocol, with `guard: false`',
    async act(ws, linger) {
      const [socket, peer] = await openUnwatched(ws, { ...linger, guard: false });
      peer.resume().end(BROKEN_FRAME);
      await ended(socket);
    },
    plain: PROTOCOL,
    ours: 'ends too',
  },
  {
    name: 'the application destroys a socket with an error before handleUpgrade()',
    async act(ws, linger) {
      const server = await listen(http.createServer());
      holdUpgrades(ws, server, linger);
      ws.guardProcess?.(linger); // neither the server's guard nor the process's may catch the error
      const socket = await upgradeOf(server, connectTcp(server));
      socket.destroy(applicationError());
      await closed(socket);
    },
    plain: APPLICATION_ERROR,
    ours: 'ends too',
  },
  {
    name: 'the application destroys a socket with an error while two copies of the package guard its server',
    async act(ws, linger) {
      const server = await listen(http.createServer());
      holdUpgrades(ws, server, linger);
      // Two dependencies may each bring a copy of the package.
      for (const file of Object.keys(require.cache)) delete require.cache[file];
      if (ws.guardServer) (require('ws-linger') as typeof ours).guardServer(server, linger);
      const socket = await upgradeOf(server, connectTcp(server));
      socket.destroy(applicationError());
      await closed(socket);
    },
    plain: APPLICATION_ERROR,
    ours: 'ends too',
  },
  {
    name: 'the application destroys a TCP socket of its own with an error',
    needs: 'guardProcess()',
    async act(ws, linger) {
      ws.guardProcess?.(linger);
      const server = await listen(net.createServer());
      const socket = net.connect(portOf(server), '127.0.0.1');
      await once(socket, 'connect');
      socket.destroy(applicationError());
      await closed(socket);
    },
    plain: APPLICATION_ERROR,
    ours: 'ends too',
  },
  {
    name: "a TCP client without an 'error' listener is refused",
    needs: 'guardProcess()',
    async act(ws, linger) {
      ws.guardProcess?.(linger);
      const server = await listen(net.createServer());
      const port = portOf(server);
      await new Promise((resolve) => server.close(resolve));
      await closed(net.connect(port, '127.0.0.1'));
    },
    plain: /Error: connect ECONNREFUSED/,
    ours: 'ends too',
  },
];
