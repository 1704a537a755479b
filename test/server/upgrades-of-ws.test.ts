// Upgrade requests of which nobody but a WebSocketServer is told, and what is no upgrade request: the guard adds nothing to their
// sockets, and what it does for others holds for them too.
import assert from 'node:assert/strict';
import { errorMonitor, once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import type net from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import { type ServerOptions, WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { listen, until } from '../support/end.js';
import { connectTcp, UPGRADE_REQUEST } from '../support/peer.js';

const upgradeTimeout = 50;
const linger = { upgradeTimeout, logger: false } as const;
const OTHER_PROTOCOL = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n';
const BAD_REQUEST = UPGRADE_REQUEST.replace('Sec-WebSocket-Version: 13', 'Sec-WebSocket-Version: 99');

const EVENTS = ['close', 'end', 'error', 'data', errorMonitor];
const countListeners = (socket: Duplex) => EVENTS.map((event) => socket.listenerCount(event));

/** Resolves once the limit of a request that came before this call has passed: that of a later one has. */
async function limitPasses(): Promise<void> {
  const server = await listen(http.createServer());
  const wss = new WebSocketServer({ server, verifyClient: (_, __) => {}, linger });
  const tcp = connectTcp(server);
  tcp.resume().write(UPGRADE_REQUEST);
  await once(tcp, 'close');
  assert.equal(wss.stats().reapedUpgrades.abandoned, 1);
  wss.close();
  server.close();
}

describe('a WebSocketServer that nobody else listens beside', () => {
  async function answersOtherProtocol(wss: WebSocketServer, server: http.Server): Promise<void> {
    const tcp = connectTcp(server);
    let got = '';
    tcp.setEncoding('utf8').on('data', (text) => {
      got += text;
    });
    tcp.write(UPGRADE_REQUEST);
    await limitPasses();
    tcp.write('question');
    await until('it is answered or closed', () => got.endsWith('question') || tcp.destroyed);
    assert.equal(got, `${OTHER_PROTOCOL}answer to question`);
    tcp.destroy();
    assert.deepEqual(wss.stats().reapedUpgrades, { abandoned: 0, refused: 0 });
    wss.close();
    server.close();
  }

  function answerOtherProtocol(socket: Duplex): void {
    socket.write(OTHER_PROTOCOL);
    socket.on('error', () => {}).on('data', (chunk) => socket.write(`answer to ${chunk}`));
  }

  it("may answer by another protocol, where its handleUpgrade() is a subclass's", async () => {
    class Other extends WebSocketServer {
      override handleUpgrade(_request: IncomingMessage, socket: Duplex): void {
        answerOtherProtocol(socket);
      }
    }
    const server = await listen(http.createServer());
    await answersOtherProtocol(new Other({ server, linger }), server);
  });

  it('may answer by another protocol, where its handleUpgrade() is replaced', async () => {
    const server = await listen(http.createServer());
    const wss = new WebSocketServer({ server, linger });
    wss.handleUpgrade = (_request, socket) => answerOtherProtocol(socket);
    await answersOtherProtocol(wss, server);
  });

  it('may answer by another protocol, where a router has taken its listener', async () => {
    const server = await listen(http.createServer());
    const wss = new WebSocketServer({ server, linger });
    server.removeAllListeners('upgrade').on('upgrade', (_request, socket) => answerOtherProtocol(socket));
    await answersOtherProtocol(wss, server);
  });

  const refusals: [string, ServerOptions, request: string][] = [
    ['another path', { path: '/other' }, UPGRADE_REQUEST],
    ['a malformed handshake', {}, BAD_REQUEST],
  ];
  for (const [what, options, request] of refusals) {
    it(`refuses ${what} as plain ws does, and leaves nothing behind`, async () => {
      const answers: string[] = [];
      for (const make of [
        (server: http.Server) => new Upstream.WebSocketServer({ ...options, server }),
        (server: http.Server) => new WebSocketServer({ ...options, server, linger }),
      ]) {
        const server = await listen(http.createServer());
        const wss = make(server);
        const tcp = connectTcp(server);
        let answer = '';
        tcp.setEncoding('utf8').on('data', (text) => {
          answer += text;
        });
        tcp.write(request);
        await once(tcp, 'close');
        answers.push(answer);
        if (wss instanceof WebSocketServer) assert.deepEqual(wss.stats().reapedUpgrades, { abandoned: 0, refused: 0 });
        wss.close();
        await once(server.close(), 'close');
      }
      assert.match(String(answers[0]), /^HTTP\/1\.1 400 /);
      assert.equal(answers[1], answers[0]);
    });
  }

  it("is one whose refusals by a listener of 'wsClientError' are closed once the peer has ended them", async () => {
    const server = await listen(http.createServer());
    const wss = new WebSocketServer({ server, linger });
    wss.on('wsClientError', (_error, socket) => socket.write('HTTP/1.1 418 No\r\n\r\n'));
    const tcp = connectTcp(server);
    tcp.write(BAD_REQUEST);
    await once(tcp, 'data');
    tcp.end();
    await until('the refusal is counted', () => wss.stats().reapedUpgrades.refused === 1);
    tcp.destroy();
    wss.close();
    server.close();
  });

  it('is given sockets with the write() and end() of Node', async () => {
    const server = await listen(http.createServer());
    const wss = new WebSocketServer({ server, linger });
    const own = new Promise<boolean[]>((resolve) => {
      wss.on('headers', (_, { socket }) => resolve(['write', 'end'].map((name) => Object.hasOwn(socket, name))));
    });
    const tcp = connectTcp(server);
    tcp.write(UPGRADE_REQUEST);
    assert.deepEqual(await own, [false, false]);
    tcp.destroy();
    wss.close();
    server.close();
  });
});

it('a request that is no upgrade has a socket with the listeners of plain HTTP', async () => {
  const counts: number[][] = [];
  for (const serve of [() => null, (server: http.Server) => new WebSocketServer({ server, linger })]) {
    const server = await listen(http.createServer());
    const wss = serve(server);
    const tcp = connectTcp(server);
    tcp.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
    const [{ socket }, response] = (await once(server, 'request')) as [IncomingMessage, http.ServerResponse];
    counts.push(countListeners(socket));
    response.end();
    tcp.destroy();
    wss?.close();
    server.close();
  }
  assert.deepEqual(counts[1], counts[0]);
});

it('a peer that is lost after CONNECT is told, and does not end the process', async () => {
  const server = await listen(http.createServer());
  const wss = new WebSocketServer({ server, linger });
  const tcp = connectTcp(server);
  tcp.write('CONNECT test:80 HTTP/1.1\r\nHost: test\r\n\r\n');
  const [, socket] = (await once(server, 'connect')) as [IncomingMessage, net.Socket];
  socket.on('error', () => {});
  tcp.resetAndDestroy();
  await until('the loss is counted', () => wss.stats().failedOpenings['upgrade-failed'] === 1);
  wss.close();
  server.close();
});
