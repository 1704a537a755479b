// A connection makes the same calls on its socket and emits the same events as plain ws, in the same order.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type net from 'node:net';
import { describe, it } from 'node:test';
import type Upstream from 'ws-upstream';
import { portOf } from './support/end.js';
import { acceptUpgrade } from './support/pairs.js';
import { connectPeer } from './support/peer.js';
import {
  type Class,
  type Connected,
  connect,
  describe as describeError,
  type Inner,
  logEvents,
  QUIET,
  serve,
  sideBySide,
} from './support/side-by-side.js';

const closed = (ws: Upstream) => new Promise<void>((done) => ws.once('close', () => done()));

/** Logs the calls of a socket's methods and the events that it emits. */
function logSocket({ _socket: socket }: Inner, log: string[]): void {
  for (const name of ['end', 'destroy', 'pause', 'resume'] as const) {
    const method = socket[name] as (...args: unknown[]) => net.Socket;
    Object.assign(socket, {
      [name]: (...args: unknown[]) => {
        log.push(`${name}()`);
        return method.apply(socket, args);
      },
    });
  }
  for (const name of ['end', 'finish', 'close'] as const) socket.on(name, () => log.push(`socket ${name}`));
}

describe('the end of a healthy connection is the same as with plain ws when', () => {
  const ends: Record<string, (connected: Connected) => void> = {
    'the client closes': ({ client }) => client.close(1000, 'done'),
    'the server closes': ({ ws }) => ws.close(4000),
    'both close at once': ({ client, ws }) => {
      client.close(4001);
      ws.close(4002);
    },
    'the client terminates': ({ client }) => client.terminate(),
    'the server terminates': ({ ws }) => ws.terminate(),
    'the client closes after sending': ({ client }) => {
      for (let i = 0; i < 3; i++) client.send(`message ${i}`);
      client.close();
    },
    'close() and then terminate()': ({ client }) => {
      client.close();
      client.terminate();
    },
    'the server pauses, resumes and closes': ({ ws }) => {
      ws.pause();
      ws.resume();
      ws.close();
    },
    'the socket is destroyed': ({ client }) => client._socket.destroy(),
    'the socket is ended': ({ client }) => client._socket.end(),
  };
  for (const [name, end] of Object.entries(ends)) {
    it(name, async () => {
      const seen = await sideBySide(async (WebSocket) => {
        const connected = await connect(WebSocket);
        const [ws, client]: string[][] = [[], []];
        for (const [end, log] of [
          [connected.ws, ws],
          [connected.client, client],
        ] as const) {
          logEvents(end, log as string[]);
          logSocket(end, log as string[]);
        }
        const gone = Promise.all([closed(connected.ws), closed(connected.client)]);
        end(connected);
        await gone;
        connected.wss.close();
        await once(connected.wss, 'close');
        return { ws, client };
      });
      for (const log of [seen.ws, seen.client]) assert.ok(log?.some((entry) => /^close \d/.test(entry)));
    });
  }
});

describe('the events and errors of a connection are the same as with plain ws when', () => {
  /** Answers an opening handshake, or leaves it unanswered. */
  type Answer = (request: http.IncomingMessage, socket: net.Socket) => void;

  const refusals: Record<string, [Answer, object?]> = {
    'an HTTP answer': [(_, socket) => socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n')],
    'a wrong key': [(_, socket) => acceptUpgrade({ headers: {} } as never, socket)],
    FIN: [(_, socket) => socket.end()],
    RST: [(_, socket) => socket.resetAndDestroy()],
    'no answer in time': [() => {}, { handshakeTimeout: 50 }],
    'too many redirects': [
      (_, socket) => socket.end('HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n'),
      { followRedirects: true, maxRedirects: 1 },
    ],
  };
  for (const [name, [answer, options]] of Object.entries(refusals)) {
    it(`the opening handshake is answered by ${name}`, async () => {
      const server = http.createServer().listen(0, '127.0.0.1');
      server.on('upgrade', (request, socket) => answer(request, socket.on('error', () => {}) as net.Socket));
      await once(server, 'listening');
      const seen = await sideBySide(async (WebSocket) => {
        const ws = new WebSocket(`ws://127.0.0.1:${portOf(server)}`, { ...QUIET, ...options });
        const log: string[] = [];
        logEvents(
          ws.on('error', () => {}),
          log,
        );
        await closed(ws);
        return log;
      });
      assert.match(seen.at(-2) ?? '', /^error Error/);
      assert.equal(seen.at(-1), "close 1006 ''");
      server.close();
      server.closeAllConnections();
    });
  }

  it('close() or terminate() is called while it connects', async () => {
    for (const end of ['close', 'terminate'] as const) {
      const seen = await sideBySide(async (WebSocket) => {
        const wss = await serve(WebSocket);
        const ws = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, QUIET);
        const log: string[] = [];
        logEvents(
          ws.on('error', () => {}),
          log,
        );
        ws[end]();
        log.push(`state ${ws.readyState}`);
        await closed(ws);
        wss.close();
        return log;
      });
      assert.deepEqual(seen, [
        'state 2',
        'error Error -: WebSocket was closed before the connection was established',
        "close 1006 ''",
      ]);
    }
  });

  const faults: Record<string, (peer: net.Socket, ws: Inner) => void> = {
    'a frame without a mask': (peer) => peer.write(Buffer.from([0x81, 1, 0x61])),
    'a message beyond maxPayload': (peer) => peer.write(Buffer.from([0x82, 0xfe, 4, 0, 0, 0, 0, 0])),
    'a close frame with an invalid code': (peer) => peer.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0, 1])),
    'FIN in the middle of a frame': (peer) => peer.end(Buffer.from([0x81, 0xff])),
    RST: (peer) => peer.resetAndDestroy(),
    'RST behind a message while it is paused': (peer, ws) => {
      ws.pause();
      peer.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x61]), () => {
        peer.resetAndDestroy();
        ws.terminate();
      });
    },
  };
  for (const [name, fault] of Object.entries(faults)) {
    it(`it receives ${name}`, async () => {
      const seen = await sideBySide(async (WebSocket) => {
        const wss = await serve(WebSocket, { maxPayload: 100 });
        const connected = once(wss, 'connection');
        const peer = await connectPeer(portOf(wss));
        const [ws] = (await connected) as [Inner];
        const log: string[] = [];
        logEvents(
          ws.on('error', () => {}),
          log,
        );
        peer.resume().on('end', () => peer.end());
        fault(peer, ws);
        await closed(ws);
        wss.close();
        return log;
      });
      assert.match(seen.at(-1) ?? '', /^close \d/);
    });
  }

  it('a call throws', async () => {
    const seen = await sideBySide(async (WebSocket) => {
      const { wss, ws, client } = await connect(WebSocket);
      const connecting = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, QUIET);
      const attempts: (() => unknown)[] = [
        () => new WebSocket('nowhere'),
        () => new WebSocket('ws+unix:'),
        () => new WebSocket('ws://localhost#fragment'),
        () => new WebSocket('ws://localhost', ['same', 'same']),
        () => new WebSocket('ws://localhost', { protocolVersion: 7 }),
        () => new WebSocket(null),
        () => new WebSocket.Server(),
        () => new WebSocket.Server({ port: 0, noServer: true }),
        () => new WebSocket.Server({ noServer: true }).address(),
        () => client.close(999),
        () => client.close(1000, 'x'.repeat(124)),
        () => client.send(Symbol('no') as never),
        () => connecting.send('too early'),
        () => connecting.ping(),
        () => ws.addEventListener('message', {} as never),
      ];
      const thrown = attempts.map((attempt) => {
        try {
          return `returned ${attempt()}`;
        } catch (error) {
          return describeError(error);
        }
      });
      const after = new Promise<Error | undefined>((done) => {
        client.terminate();
        client.send('too late', done);
      });
      connecting.on('error', () => {}).terminate();
      thrown.push(describeError(await after));
      wss.close();
      return thrown;
    });
    assert.equal(seen[0], 'SyntaxError -: Invalid URL: nowhere');
    assert.equal(seen.at(-1), 'Error -: WebSocket is not open: readyState 2 (CLOSING)');
  });

  it('it is used through the event handlers of browsers', async () => {
    const seen = await sideBySide(async (WebSocket: Class) => {
      const { wss, ws, client } = await connect(WebSocket);
      const log: string[] = [];
      client.onmessage = (event) => log.push(`${event.type} ${event.data} ${event.target === client}`);
      client.onclose = (event) => log.push(`${event.type} ${event.code} ${event.reason} ${event.wasClean}`);
      client.addEventListener('close', (event) => log.push(event.type), { once: true });
      ws.send('hello');
      await once(client, 'message');
      ws.close(4000, 'bye');
      await closed(client);
      wss.close();
      return log;
    });
    assert.deepEqual(seen, ['message hello true', 'close 4000 bye true', 'close']);
  });
});
