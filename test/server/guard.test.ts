// Connections that a server loses before their upgrade: the process does not crash, each loss is logged once, and
// errors that have nothing to do with them are still thrown.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type net from 'node:net';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import tls from 'node:tls';
import type WebSocket from 'ws-linger';
import { attach, guardServer, WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { certificate } from '../support/certificate.js';
import { forkScript } from '../support/child.js';
import { listen, openHandles, portOf, until, watchEnd } from '../support/end.js';
import { connectPeer, connectTcp, UPGRADE_REQUEST } from '../support/peer.js';

type Line = Record<string, unknown>;

/** Returns a logger that keeps its lines. */
function recordingLogger() {
  const lines: Line[] = [];
  const keep = (fields: object) => void lines.push({ ...fields });
  return { lines, debug: keep, warn: (fields: object) => keep({ ...fields, level: 'warn' }) };
}

interface Loss {
  name: string;
  tls?: true;
  options?: Upstream.ServerOptions;
  /** What the peer does until the connection is lost. */
  peer(tcp: net.Socket, server: net.Server): unknown;
  kind: 'upgrade-failed' | 'tls-failed' | 'no-request';
}

const reset = (tcp: net.Socket) => void tcp.resetAndDestroy();
const HALF_REQUEST = UPGRADE_REQUEST.slice(0, -10);
/** The first bytes of a ClientHello: a record header, a handshake header and little more. */
const HALF_HELLO = Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc]);

/** Returns the ClientHello of a real TLS client. */
function clientHello(): Buffer {
  const written: Buffer[] = [];
  const recording = new Duplex({
    read() {},
    write(chunk, _, done) {
      written.push(chunk);
      done();
    },
  });
  tls
    .connect({ socket: recording })
    .on('error', () => {})
    .destroy();
  return Buffer.concat(written);
}

async function afterRequest(server: net.Server, tcp: net.Socket, event: string, act: () => void): Promise<void> {
  const seen = once(server, event);
  tcp.write(UPGRADE_REQUEST);
  await seen;
  act();
}

/** Resets once the server has read the bytes: what Windows has not read by then it drops. */
async function resetAfter(bytes: string | Buffer, tcp: net.Socket, server: net.Server): Promise<void> {
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  tcp.write(bytes);
  await until('the server has read them', () => socket.bytesRead > 0);
  reset(tcp);
}

const LOSSES: Loss[] = [
  {
    name: 'reset before its request',
    peer: (tcp, server) => once(server, 'connection').then(() => reset(tcp)),
    kind: 'no-request',
  },
  {
    name: 'reset in the middle of its request',
    peer: (tcp, server) => resetAfter(HALF_REQUEST, tcp, server),
    kind: 'upgrade-failed',
  },
  {
    name: 'closed in the middle of its request',
    peer: (tcp) => void tcp.resume().end(HALF_REQUEST),
    kind: 'upgrade-failed',
  },
  {
    name: 'lost because it does not speak HTTP',
    peer: (tcp) => void tcp.resume().write('\x16\x03\x01 hello?\r\n\r\n'),
    kind: 'upgrade-failed',
  },
  {
    name: 'reset while verifyClient decides',
    options: { verifyClient: (_: unknown, decide: (allowed: boolean) => void) => void decisions.push(decide) },
    peer: (tcp, server) => afterRequest(server, tcp, 'upgrade', () => reset(tcp)),
    kind: 'upgrade-failed',
  },
  {
    name: 'reset before the first byte of TLS',
    tls: true,
    peer: (tcp, server) => once(server, 'connection').then(() => reset(tcp)),
    kind: 'no-request',
  },
  {
    name: 'reset in the middle of its ClientHello',
    tls: true,
    peer: (tcp, server) => resetAfter(HALF_HELLO, tcp, server),
    kind: 'tls-failed',
  },
  {
    name: 'closed in the middle of its ClientHello',
    tls: true,
    peer: (tcp) => void tcp.resume().end(HALF_HELLO),
    kind: 'tls-failed',
  },
  {
    name: 'reset when the first byte of the TLS answer arrives',
    tls: true,
    peer: (tcp) => {
      tcp.once('data', () => reset(tcp));
      tcp.write(clientHello());
    },
    kind: 'tls-failed',
  },
  {
    name: 'lost because it does not speak TLS',
    tls: true,
    peer: (tcp) => void tcp.write(UPGRADE_REQUEST),
    kind: 'tls-failed',
  },
  {
    name: 'closed over TLS in the middle of its request',
    tls: true,
    peer: (tcp) => {
      const secure = tls.connect({ socket: tcp, rejectUnauthorized: false });
      secure.on('error', () => {}).resume();
      secure.end(HALF_REQUEST);
    },
    kind: 'upgrade-failed',
  },
  {
    name: 'lost by a broken TLS record while verifyClient decides',
    tls: true,
    options: { verifyClient: (_: unknown, decide: (allowed: boolean) => void) => void decisions.push(decide) },
    peer: async (tcp, server) => {
      const secure = tls.connect({ socket: tcp, rejectUnauthorized: false });
      secure.on('error', () => {}).resume();
      const upgrade = once(server, 'upgrade');
      secure.write(UPGRADE_REQUEST);
      await upgrade;
      tcp.write('this is no record of TLS');
    },
    kind: 'upgrade-failed',
  },
];

const decisions: ((allowed: boolean) => void)[] = [];

async function listenOn(secure: boolean | undefined): Promise<http.Server> {
  return (await listen(secure ? https.createServer(await certificate()) : http.createServer())) as http.Server;
}

for (const how of ['its own WebSocketServer', "plain ws's, attached"]) {
  describe(`a server (${how}) logs one line for a connection that is`, () => {
    for (const { name, tls: secure, options, peer, kind } of LOSSES) {
      it(name, async () => {
        const before = openHandles();
        const server = await listenOn(secure);
        const logger = recordingLogger();
        const wss =
          how === 'its own WebSocketServer'
            ? new WebSocketServer({ server, ...options, linger: { logger } })
            : attach(new Upstream.WebSocketServer({ server, ...options }), { logger });
        wss.on('connection', () => assert.fail('the connection never was a WebSocket'));
        const tcp = connectTcp(server);
        await peer(tcp, server);
        await until('the loss is logged', () => logger.lines.length > 0);
        for (const decide of decisions.splice(0)) decide(true);
        await until('the peer has ended', () => tcp.destroyed || tcp.readableEnded);
        tcp.destroy();
        wss.close();
        server.close();
        await until('all handles are gone', () => openHandles() <= before);
        assert.equal(logger.lines.length, 1, JSON.stringify(logger.lines));
        const { event, kind: loggedKind, origin, phase, remoteAddress, errorCode, level } = logger.lines[0] as Line;
        assert.deepEqual(
          [event, loggedKind, origin, phase, level],
          ['opening-failed', kind, 'peer', 'opening', undefined],
        );
        assert.equal(remoteAddress, '127.0.0.1');
        assert.equal(typeof errorCode, 'string');
      });
    }
  });
}

describe('a guarded server', () => {
  it('logs nothing for an HTTP connection that is reset after its response', async () => {
    const server = http.createServer((_, response) => void response.end('hello'));
    await listen(server);
    const logger = recordingLogger();
    const wss = new WebSocketServer({ server, linger: { logger } });
    const tcp = connectTcp(server);
    const accepted = once(server, 'connection') as Promise<[net.Socket]>;
    tcp.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
    await once(tcp, 'data');
    const [socket] = await accepted;
    const gone = once(socket, 'close').catch(() => {});
    reset(tcp);
    await gone;
    await until('the socket is closed', () => socket.destroyed);
    assert.deepEqual(logger.lines, []);
    wss.close();
    server.close();
  });

  it('logs nothing for an HTTP request that is reset before its response', async () => {
    const server = http.createServer(() => {}); // never answers
    await listen(server);
    const logger = recordingLogger();
    const wss = new WebSocketServer({ server, linger: { logger } });
    const tcp = connectTcp(server);
    const request = once(server, 'request') as Promise<[IncomingMessage]>;
    tcp.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
    const [{ socket }] = await request;
    reset(tcp);
    await until('the socket is closed', () => socket.destroyed);
    assert.deepEqual(logger.lines, []);
    wss.close();
    server.close();
  });

  it('leaves upgrade requests to HTTP once its WebSocketServer has closed', async () => {
    const server = http.createServer((_, response) => void response.end('as any request'));
    const stop = guardServer(server, { logger: false });
    const wss = new WebSocketServer({ server, linger: { logger: false } });
    await listen(server);
    wss.close();
    const tcp = connectTcp(server);
    tcp.write(UPGRADE_REQUEST);
    assert.match(String((await once(tcp, 'data'))[0]), /^HTTP\/1\.1 200 /);
    tcp.destroy();
    stop();
    server.close();
  });

  it("leaves Node's answer to bad requests unchanged", async () => {
    const server = await listenOn(false);
    const wss = new WebSocketServer({ server, linger: { logger: false } });
    const tcp = connectTcp(server);
    tcp.write('nonsense\r\n\r\n');
    const [answer] = await once(tcp, 'data');
    assert.match(String(answer), /^HTTP\/1.1 400 Bad Request/);
    wss.close();
    server.close();
  });

  it('leaves no listener on the server or its sockets behind', async () => {
    const server = await listenOn(false);
    const count = () => server.eventNames().map((name) => [name, server.listenerCount(name)]);
    const before = count();
    const wss = new WebSocketServer({ server, linger: { logger: false } });
    const tcp = connectTcp(server);
    const connected = once(wss, 'connection') as Promise<[Upstream, IncomingMessage]>;
    tcp.write(UPGRADE_REQUEST);
    const [ws, request] = await connected;
    assert.equal(request.socket.listenerCount('error'), 1); // ws's own
    ws.terminate();
    await once(ws, 'close');
    wss.close();
    assert.deepEqual(count(), before);
    server.close();
  });
});

it("a reset is told as the peer's where the application had removed all listeners of the socket", async () => {
  for (const events of [[], ['close'], ['error']] as string[][]) {
    const server = await listenOn(false);
    const wss = new WebSocketServer({ noServer: true, linger: { logger: false } });
    const stop = guardServer(server, { logger: false });
    server.on('upgrade', (request, socket, head) => {
      socket.removeAllListeners(...events);
      wss.handleUpgrade(request, socket, head, (ws) => wss.emit('connection', ws, request));
    });
    const connected = once(wss, 'connection') as Promise<[WebSocket]>;
    const peer = await connectPeer(portOf(server));
    const [ws] = await connected;
    const ended = watchEnd(ws);
    reset(peer);
    const { kind, origin } = (await ended).info;
    assert.deepEqual([kind, origin], ['reset', 'peer'], events[0]);
    stop();
    server.close();
  }
});

it('a stream that counts no bytes, which newer versions of Node have for requests with a body, is not taken for abandoned', async () => {
  const server = http.createServer().on('upgrade', () => {});
  const upgradeTimeout = 30;
  const stop = guardServer(server, { upgradeTimeout, logger: false });
  const [accepted, abandoned] = [0, 1].map(() => new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }));
  for (const stream of [accepted, abandoned]) server.emit('upgrade', {} as never, stream as never, Buffer.alloc(0));
  accepted?.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
  await until('the abandoned one is closed', () => abandoned?.destroyed === true);
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
  assert.equal(accepted?.destroyed, false);
  stop();
});

it('of several on one server the one with the longest upgradeTimeout counts', async () => {
  const server = await listenOn(false);
  const stop = guardServer(server, { upgradeTimeout: 30, logger: false });
  const verifyClient = (_info: unknown, done: (isAllowed: boolean) => void) => setTimeout(done, 300, true);
  const wss = new WebSocketServer({ server, verifyClient, linger: { upgradeTimeout: 60_000, logger: false } });
  const client = new Upstream(`ws://127.0.0.1:${portOf(server)}`);
  await once(client, 'open');
  client.terminate();
  wss.close();
  stop();
  server.close();
});

describe('an upgrade request that the application answers by itself', () => {
  const answer = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n';
  const upgradeTimeout = 100;
  const answers: [string, (socket: Duplex) => unknown][] = [
    ['as bytes', (socket) => socket.write(new Uint8Array(Buffer.from(answer)))],
    ['in two pieces', (socket) => [answer.slice(0, 4), answer.slice(4)].map((piece) => socket.write(piece))],
    ['by HTTP/1.0', (socket) => socket.write(answer.replace('1.1', '1.0'))],
    ['by a response that goes on', (socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n')],
  ];
  for (const [how, give] of answers) {
    it(`is left alone when it is answered ${how}`, async () => {
      const server = http.createServer().on('upgrade', (_request, socket) => {
        give(socket);
        const pushes = setInterval(() => socket.write('more'), 20);
        socket.on('close', () => clearInterval(pushes)).on('error', () => {});
      });
      const stop = guardServer(server, { upgradeTimeout, logger: false });
      await listen(server);
      const peer = connectTcp(server);
      peer.write(UPGRADE_REQUEST);
      let bytes = 0;
      peer.on('data', (chunk) => (bytes += chunk.length));
      await until('much has come after the limit', () => bytes > answer.length + 4 * 12);
      assert.equal(peer.destroyed, false);
      peer.destroy();
      stop();
      server.close();
    });
  }

  it('may be answered in time after the process was stopped', async () => {
    const server = http.createServer().on('upgrade', (_request, socket) => {
      setImmediate(() => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, upgradeTimeout + 1_100);
        setTimeout(() => socket.write(answer), 20);
      });
    });
    const stop = guardServer(server, { upgradeTimeout, logger: false });
    await listen(server);
    const peer = connectTcp(server);
    peer.write(UPGRADE_REQUEST);
    const [chunk] = (await once(peer, 'data')) as [Buffer];
    assert.match(chunk.toString(), /^HTTP\/1\.1 101/);
    peer.destroy();
    stop();
    server.close();
  });
});

it('what is no socket passes through a guarded server as through any other', () => {
  const server = http.createServer().on('upgrade', () => {});
  const stop = guardServer(server, { logger: false });
  for (const nothing of [[], [{}], [{}, null], [{}, {}], [{}, Object.freeze(new Duplex())]])
    assert.ok(server.emit('upgrade', ...(nothing as unknown as [never, never, never])));
  stop();
});

// Windows Node hands sockets over in another way, which Wine does not have.
if (process.platform !== 'win32') {
  for (const [when, event] of [
    ['before', 'connection'],
    ['after', 'upgrade'],
  ] as const) {
    it(`a write() that the application puts on a socket ${when} the request came stays`, async () => {
      const server = http.createServer();
      const stop = guardServer(server, { logger: false });
      const seen: unknown[] = [];
      server.on(event, (...args: unknown[]) => {
        const socket = (event === 'upgrade' ? args[1] : args[0]) as Duplex;
        const { write } = socket;
        socket.write = (chunk: unknown) => {
          seen.push(chunk);
          return write.call(socket, chunk, 'utf8');
        };
      });
      server.on('upgrade', (_request, socket) => {
        for (const part of ['HTTP/1.1 101 Switching Protocols\r\n\r\n', 'one', 'two']) socket.write(part);
        socket.end();
      });
      const tcp = await connectTcp(await listen(server));
      let got = '';
      tcp.setEncoding('utf8').on('data', (text) => {
        got += text;
      });
      tcp.write(UPGRADE_REQUEST);
      await once(tcp, 'end');
      assert.equal(seen.join(''), got);
      assert.match(got, /onetwo$/);
      stop();
      server.close();
    });
  }

  it('a socket that was handed to a child process is not taken for an abandoned upgrade', async () => {
    const child = forkScript('support/socket-taker');
    const server = http.createServer();
    const upgradeTimeout = 30;
    const stop = guardServer(server, { upgradeTimeout, logger: false });
    server.on('upgrade', (_, socket) => child.send('take it', socket as net.Socket));
    await listen(server);
    const peer = connectTcp(server);
    peer.write(UPGRADE_REQUEST);
    await once(peer, 'data');
    await new Promise((resolve) => setTimeout(resolve, 3 * upgradeTimeout));
    peer.write('still there?');
    assert.equal(String((await once(peer, 'data'))[0]), 'still there?');
    peer.destroy();
    child.disconnect();
    stop();
    server.close();
  });
}
