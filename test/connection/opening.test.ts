// Clients whose opening handshake fails: one 'error', as with plain ws, then one 'disconnect' with the cause, and one
// 'close'.
import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { describe, it } from 'node:test';
import WebSocket, { WebSocketServer } from 'ws-linger';
import { certificate } from '../support/certificate.js';
import { listen, portOf, watchEnd } from '../support/end.js';

type Case = {
  name: string;
  /** Makes the server at the other end. */
  server(): net.Server | Promise<net.Server>;
  scheme?: 'wss';
  options?: WebSocket.ClientOptions;
  caller?(ws: WebSocket): void;
  end: Partial<WebSocket.CloseInfo>;
};

const silent = () => net.createServer((socket) => void socket.on('error', () => {}));

const CASES: Case[] = [
  {
    name: 'answered by 401',
    server: () => http.createServer().on('upgrade', (_, socket) => socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n')),
    end: { kind: 'upgrade-failed', origin: 'peer' },
  },
  {
    name: 'reset before the answer',
    server: () => net.createServer((socket) => void socket.once('data', () => socket.resetAndDestroy())),
    end: { kind: 'upgrade-failed', origin: 'peer' },
  },
  {
    name: 'closed before the answer',
    server: () => net.createServer((socket) => void socket.once('data', () => socket.end())),
    end: { kind: 'upgrade-failed', origin: 'peer' },
  },
  {
    name: 'not answered within handshakeTimeout',
    server: silent,
    options: { handshakeTimeout: 50 },
    end: { kind: 'timed-out', origin: 'network' },
  },
  {
    name: 'closed by the caller',
    server: silent,
    caller: (ws) => ws.close(),
    end: { kind: 'local-abort', origin: 'local' },
  },
  {
    name: "terminated by the caller inside 'upgrade'",
    server: async () => {
      const server = http.createServer();
      new WebSocketServer({ server, linger: { logger: false } });
      return server;
    },
    caller: (ws) => void ws.once('upgrade', () => ws.terminate()),
    end: { kind: 'local-abort', origin: 'local' },
  },
  {
    name: 'answered with a certificate that is not trusted',
    server: async () => https.createServer(await certificate()),
    scheme: 'wss',
    end: { kind: 'tls-failed', origin: 'local' },
  },
  {
    name: 'answered with a certificate that checkServerIdentity refuses',
    server: async () => https.createServer(await certificate()),
    scheme: 'wss',
    options: { rejectUnauthorized: true, checkServerIdentity: (() => new Error('not ours')) as never },
    end: { kind: 'tls-failed', origin: 'local' },
  },
  {
    name: 'TLS to a server that does not speak TLS',
    server: () => http.createServer(),
    scheme: 'wss',
    end: { kind: 'tls-failed', origin: 'peer' },
  },
  {
    name: 'TLS that is reset at the first byte',
    server: () => net.createServer((socket) => void socket.once('data', () => socket.resetAndDestroy())),
    scheme: 'wss',
    end: { kind: 'upgrade-failed', origin: 'peer' },
  },
  {
    name: 'TLS that is closed at the first byte',
    server: () => net.createServer((socket) => void socket.once('data', () => socket.end())),
    scheme: 'wss',
    end: { kind: 'upgrade-failed', origin: 'peer' },
  },
];

describe("a client's opening handshake fails with one 'error', 'disconnect' and 'close' if it is", () => {
  for (const { name, server: make, scheme = 'ws', options, caller, end } of CASES) {
    it(name, async () => {
      const server = await make();
      const sockets = new Set<net.Socket>();
      server.on('connection', (socket) => sockets.add(socket));
      await listen(server);
      const ws = new WebSocket(`${scheme}://127.0.0.1:${portOf(server)}`, { ...options, linger: { logger: false } });
      const errors: Error[] = [];
      ws.on('error', (error) => errors.push(error));
      const ended = watchEnd(ws);
      caller?.(ws);
      const { info } = await ended;
      assert.equal(errors.length, 1);
      for (const [key, wanted] of Object.entries({
        phase: 'opening',
        code: 1006,
        forced: null,
        expected: true,
        ...end,
      })) {
        assert.equal(info[key as keyof WebSocket.CloseInfo], wanted, `${key} in ${JSON.stringify(info)}`);
      }
      for (const socket of sockets) socket.destroy();
      server.close();
    });
  }

  for (const [how, cut] of [
    ['reset', (socket: net.Socket) => socket.resetAndDestroy()],
    ['closed', (socket: net.Socket) => socket.destroy()],
  ] as const) {
    for (const bytes of [1, 100, 600]) {
      it(`TLS that is ${how} after ${bytes} bytes of the server's answer`, async () => {
        const wss = https.createServer(await certificate()).on('tlsClientError', () => {});
        await listen(wss);
        const proxy = net.createServer((inside) => {
          const outside = net.connect(portOf(wss), '127.0.0.1');
          inside.pipe(outside);
          outside.once('data', (answer: Buffer) => inside.write(answer.subarray(0, bytes), () => cut(inside)));
          for (const side of [inside, outside]) side.on('error', () => {}).on('close', () => outside.destroy());
        });
        await listen(proxy);
        const ws = new WebSocket(`wss://127.0.0.1:${portOf(proxy)}`, { linger: { logger: false } });
        ws.on('error', () => {});
        const { info } = await watchEnd(ws);
        assert.deepEqual([info.kind, info.origin, info.phase], ['upgrade-failed', 'peer', 'opening']);
        assert.equal(info.error?.code, 'ECONNRESET');
        proxy.close();
        wss.close();
      });
    }
  }

  it('redirected, then reset', async () => {
    const last = net.createServer((socket) => void socket.once('data', () => socket.resetAndDestroy()));
    await listen(last);
    const first = http.createServer((_, response) => {
      response.writeHead(302, { location: `ws://127.0.0.1:${portOf(last)}/`, connection: 'close' }).end();
    });
    first.on('upgrade', (_, socket) =>
      socket.end(`HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:${portOf(last)}/\r\n\r\n`),
    );
    await listen(first);
    const ws = new WebSocket(`ws://127.0.0.1:${portOf(first)}`, { followRedirects: true, linger: { logger: false } });
    ws.on('error', () => {});
    const { info } = await watchEnd(ws);
    assert.deepEqual([info.kind, info.phase, info.error?.code], ['upgrade-failed', 'opening', 'ECONNRESET']);
    first.close();
    last.close();
  });
});
