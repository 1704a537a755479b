// A client's opening that fails on this side is told as such, and a constructor that throws leaves nothing counted.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net, { type LookupFunction } from 'node:net';
import { describe, it } from 'node:test';
import WebSocket from 'ws-linger';
import { processMetrics } from '../../dist/telemetry/metrics.js';
import { listen, portOf, watchEnd } from '../support/end.js';

const quiet = { linger: { logger: false } } as const;
type Options = WebSocket.ClientOptions & { signal?: AbortSignal };

/** The client's own functions; `url` is that of a server that answers no upgrade. */
const FAILURES: [string, (url: string) => WebSocket][] = [
  [
    'its own lookup fails',
    (url) => {
      const lookup: LookupFunction = (_name, _options, done) => done(new Error('no such host here'), '', 4);
      return new WebSocket(url.replace('127.0.0.1', 'host.test'), { ...quiet, lookup } as Options);
    },
  ],
  [
    'its own agent fails',
    (url) => {
      const agent = new http.Agent();
      (agent as unknown as { createConnection: unknown }).createConnection = (
        _: unknown,
        done: (error: Error) => void,
      ) => done(new Error('the proxy refuses'));
      return new WebSocket(url, { ...quiet, agent });
    },
  ],
  [
    'its finishRequest destroys the request',
    (url) => {
      const finishRequest = (request: http.ClientRequest) => void request.destroy(new Error('no token'));
      return new WebSocket(url, { ...quiet, finishRequest } as unknown as Options);
    },
  ],
  [
    'its finishRequest destroys the request without an error',
    (url) =>
      new WebSocket(url, {
        ...quiet,
        finishRequest: (request: http.ClientRequest) => void request.destroy(),
      } as Options),
  ],
  [
    'its request is destroyed while the server is at work on it',
    (url) => {
      const ws = new WebSocket(url, quiet) as WebSocket & { _req: http.ClientRequest };
      ws._req.on('finish', () => ws._req.destroy());
      return ws;
    },
  ],
  [
    'its agent is destroyed',
    (url) => {
      const agent = new http.Agent();
      const ws = new WebSocket(url, { ...quiet, agent }) as WebSocket & { _req: http.ClientRequest };
      ws._req.on('finish', () => agent.destroy());
      return ws;
    },
  ],
  [
    'its socket is destroyed once it is connected',
    (url) => {
      const createConnection = (options: net.NetConnectOpts) => {
        const socket = net.connect({ ...options, path: undefined } as net.NetConnectOpts);
        return socket.once('connect', () => socket.destroy());
      };
      return new WebSocket(url, { ...quiet, createConnection } as unknown as Options);
    },
  ],
  [
    'a name server refuses its own lookup',
    (url) => {
      const refused = Object.assign(new Error('queryA ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'queryA' });
      const lookup: LookupFunction = (_name, _options, done) => done(refused, '', 4);
      return new WebSocket(url.replace('127.0.0.1', 'host.test'), { ...quiet, lookup } as Options);
    },
  ],
  ['it has no cipher to offer', (url) => new WebSocket(url.replace('ws:', 'wss:'), { ...quiet, ciphers: 'nonsense' })],
  ['its AbortSignal fires', (url) => new WebSocket(url, { ...quiet, signal: AbortSignal.timeout(20) } as Options)],
  [
    'no address is free to connect from',
    (url) => new WebSocket(url, { ...quiet, localAddress: '192.0.2.1' } as Options),
  ],
];

describe("a client's opening is told as this side's failure when", () => {
  for (const [what, open] of FAILURES) {
    it(what, async () => {
      const server = await listen(http.createServer().on('upgrade', () => {}));
      const ws = open(`ws://127.0.0.1:${portOf(server)}`);
      ws.on('error', () => {});
      const { info } = await watchEnd(ws);
      assert.deepEqual(
        [info.kind, info.origin, info.phase],
        ['upgrade-failed', 'local', 'opening'],
        JSON.stringify(info),
      );
      server.closeAllConnections();
      server.close();
    });
  }
});

it('a constructor that throws leaves no connection counted as opening', async () => {
  const counted = () => processMetrics.client.read().connections.opening;
  const before = counted();
  let orphan: WebSocket | undefined;
  const finishRequest = (_request: http.ClientRequest, ws: WebSocket) => {
    orphan = ws.on('error', () => {});
    throw new Error('no token');
  };
  assert.throws(() => new WebSocket('ws://127.0.0.1:1', { ...quiet, finishRequest } as unknown as Options), /no token/);
  assert.equal(counted(), before);
  // ws itself goes on with what nobody holds.
  await new Promise((resolve) => orphan?.on('close', resolve));
  assert.equal(counted(), before);
});

describe('a WebSocket over a stream of HTTP/2', () => {
  for (const [how, end] of [
    ['resets the stream', (stream: http2.ClientHttp2Stream) => stream.close(http2.constants.NGHTTP2_CANCEL)],
    ['ends the session', (_: http2.ClientHttp2Stream, session: http2.ClientHttp2Session) => session.destroy()],
  ] as const) {
    it(`is told as ended by the peer when it ${how}, with no count of bytes that nobody has`, async () => {
      const server = http2.createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const session = http2.connect(`http://127.0.0.1:${portOf(server)}`).on('error', () => {});
      const stream = session.request({ ':method': 'POST' }).on('error', () => {});
      const [accepted] = (await once(server, 'stream')) as [http2.ServerHttp2Stream];
      accepted.respond({ ':status': 200 });
      const ws = new (WebSocket as unknown as new (...args: unknown[]) => WebSocket)(null, undefined, quiet);
      (ws as unknown as { setSocket(...args: unknown[]): void }).setSocket(accepted, Buffer.alloc(0), {});
      await once(stream, 'response');
      const ended = watchEnd(ws);
      end(stream, session);
      const { info } = await ended;
      assert.deepEqual([info.kind, info.origin], ['closed-without-handshake', 'peer']);
      assert.deepEqual([info.bytesReceived, info.bytesSent, info.idleMs], [null, null, null]);
      session.destroy();
      server.close();
    });
  }
});

describe('attach() to a WebSocket that has closed', () => {
  it('gives it this package’s methods and what ws still knows', async () => {
    const Upstream = (await import('ws-upstream')).default;
    const ws = new Upstream('ws://127.0.0.1:1');
    const closed = new Promise((resolve) => ws.on('error', () => {}).on('close', resolve));
    await closed;
    const attached = WebSocket.attach(ws, quiet.linger) as unknown as WebSocket;
    assert.equal(attached.closeInfo?.kind, 'unknown');
    assert.equal(await attached.closeAsync(), attached.closeInfo);
    attached.abort();
  });
});
