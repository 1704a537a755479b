// drain(): each connection is closed by the handshake or at the deadline, and the process can exit afterwards.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type net from 'node:net';
import { after, describe, it } from 'node:test';
import type WebSocket from 'ws-linger';
import { attach, WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { listen, openHandles, portOf, until } from '../support/end.js';
import { CLIENT_FRAMES, connectPeer, connectTcp, endOf, UPGRADE_REQUEST } from '../support/peer.js';

const before = openHandles();
const linger = { closeTimeout: 500, logger: false } as const;

type Drainable = Upstream.Server & Pick<WebSocketServer, 'drain' | 'stats'>;

const MAKES: Record<string, (options: Upstream.ServerOptions) => Drainable> = {
  'a WebSocketServer': (options) => new WebSocketServer({ ...options, linger }) as unknown as Drainable,
  'an attached server': (options) => attach(new Upstream.WebSocketServer(options), linger) as unknown as Drainable,
};

/** Opens clients that answer the closing handshake. Resolves with a promise of the close code of each. */
async function openClients(port: number, count: number): Promise<Promise<number>[]> {
  const clients = Array.from({ length: count }, () => new Upstream(`ws://127.0.0.1:${port}`));
  const codes = clients.map((client) => once(client, 'close').then(([code]) => code as number));
  await Promise.all(clients.map((client) => once(client, 'open')));
  return codes;
}

for (const [name, make] of Object.entries(MAKES)) {
  describe(`drain() of ${name}`, () => {
    it('closes every connection by the handshake and then the server, and counts the connections', async () => {
      const wss = make({ port: 0, host: '127.0.0.1' });
      await once(wss, 'listening');
      const codes = await openClients(portOf(wss), 20);
      const closed = once(wss, 'close');
      const counts = await wss.drain({ code: 1012, reason: 'restart' });
      assert.equal(counts.clean, 20);
      assert.equal(
        Object.values(counts).reduce((sum, count) => sum + count),
        20,
      );
      assert.deepEqual(await Promise.all(codes), new Array(20).fill(1012));
      await closed;
    });

    it('waits until its deadline for peers that do not answer, and ends them by FIN', async () => {
      const wss = make({ port: 0, host: '127.0.0.1' });
      await once(wss, 'listening');
      const codes = await openClients(portOf(wss), 3);
      const peer = await connectPeer(portOf(wss));
      const seen = endOf(peer);
      const timeout = 2 * linger.closeTimeout;
      const began = performance.now();
      const counts = await wss.drain({ timeout });
      assert.ok(performance.now() - began >= timeout - 2);
      assert.deepEqual([counts.clean, counts['close-timeout']], [3, 1]);
      assert.equal(await seen, 'end');
      assert.deepEqual(wss.stats().lingering, { now: 0, delivered: 0, cut: 1, lost: 0 });
      peer.destroy();
      await Promise.all(codes);
    });

    it('answers upgrade requests by 503 with Retry-After while it drains', async () => {
      const wss = make({ port: 0, host: '127.0.0.1' });
      await once(wss, 'listening');
      const peer = await connectPeer(portOf(wss));
      const drained = wss.drain({ timeout: 1_500 });
      const late = connectTcp(wss);
      late.write(UPGRADE_REQUEST);
      const [answer] = await once(late, 'data');
      assert.match(String(answer), /^HTTP\/1\.1 503 .*\r\nConnection: close\r\nRetry-After: [12]\r\n/);
      await once(late.resume(), 'close');
      peer.end(CLIENT_FRAMES.close);
      assert.equal((await drained).clean, 1);
    });

    it('spreads the closes, and a second call without spread ends it sooner', async () => {
      const wss = make({ port: 0, host: '127.0.0.1' });
      await once(wss, 'listening');
      const codes = await openClients(portOf(wss), 40);
      let closed = 0;
      for (const code of codes) code.then(() => closed++);
      const drained = wss.drain({ spread: 60_000 });
      await until('the first is closed', () => closed > 0);
      assert.ok(closed < 20, `${closed} were closed at once`);
      const again = wss.drain({ spread: 0 });
      assert.equal(again, drained);
      assert.equal((await drained).clean, 40);
      assert.equal(wss.drain(), drained);
    });

    it('applies the shorter timeout of a second call', async () => {
      const wss = make({ port: 0, host: '127.0.0.1' });
      await once(wss, 'listening');
      const peer = await connectPeer(portOf(wss));
      const seen = endOf(peer);
      const drained = wss.drain({ timeout: 60_000 });
      const began = performance.now();
      wss.drain({ timeout: 20 });
      assert.equal((await drained)['close-timeout'], 1);
      assert.ok(performance.now() - began < linger.closeTimeout);
      // What was sent shortly before may still be on its way, so FIN ends it and not RST.
      assert.equal(await seen, 'end');
      peer.destroy();
    });

    it('closes idle keep-alive connections and unfinished requests of its own HTTP server', async () => {
      const wss = make({ port: 0, host: '127.0.0.1' });
      await once(wss, 'listening');
      const idle = connectTcp(wss);
      idle.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
      await once(idle, 'data');
      const half = connectTcp(wss);
      half.write(UPGRADE_REQUEST.slice(0, -10));
      await once(half, 'connect');
      const gone = [idle, half].map((socket) => once(socket.resume(), 'close'));
      await wss.drain({ timeout: 200 });
      await Promise.all(gone);
    });

    it("closes a connection whose upgrade was under way, and leaves the user's HTTP server open", async () => {
      const server = http.createServer((_, response) => void response.end('still here'));
      await listen(server);
      const decisions: ((allowed: boolean) => void)[] = [];
      const wss = make({
        server,
        verifyClient: (_: unknown, decide: (allowed: boolean) => void) => void decisions.push(decide),
      });
      const first = connectPeer(portOf(server));
      await once(server, 'upgrade');
      decisions[0]?.(true);
      const peer = await first;
      const underWay = new Upstream(`ws://127.0.0.1:${portOf(server)}`);
      await once(server, 'upgrade');
      const drained = wss.drain();
      decisions[1]?.(true);
      assert.equal((await once(underWay, 'close'))[0], 1001);
      peer.end(CLIENT_FRAMES.close);
      assert.equal((await drained).clean, 2);
      assert.ok(server.listening);
      const { port } = server.address() as net.AddressInfo;
      const [response] = (await once(http.get({ port, host: '127.0.0.1', agent: false }), 'response')) as [
        http.IncomingMessage,
      ];
      assert.equal(response.statusCode, 200);
      response.resume();
      await once(response, 'end');
      server.close();
    });
  });
}

describe('drain()', () => {
  it('closes its connections also with clientTracking: false', async () => {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', clientTracking: false, linger });
    await once(wss, 'listening');
    const codes = await openClients(portOf(wss), 5);
    assert.equal((await wss.drain()).clean, 5);
    assert.deepEqual(await Promise.all(codes), new Array(5).fill(1001));
  });

  it('resolves for a server without connections, and for a closed server', async () => {
    const wss = new WebSocketServer({ noServer: true, linger });
    const counts = await wss.drain();
    assert.ok(Object.values(counts).every((count) => count === 0));
    const closed = new WebSocketServer({ port: 0, linger });
    await once(closed, 'listening');
    await new Promise((resolve) => closed.close(resolve));
    await closed.drain();
  });

  it('ends in time after close(), even with an unfinished HTTP request', async () => {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger });
    await once(wss, 'listening');
    const half = connectTcp(wss);
    half.write(UPGRADE_REQUEST.slice(0, 10));
    await once(half, 'connect');
    const peer = await connectPeer(portOf(wss));
    const gone = once(half.resume(), 'close');
    wss.close();
    peer.end(CLIENT_FRAMES.close);
    await wss.drain({ timeout: 200 });
    await gone;
  });

  it('loses none of the messages that were sent before it', async () => {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger });
    await once(wss, 'listening');
    const client = new Upstream(`ws://127.0.0.1:${portOf(wss)}`);
    const [[ws]] = (await Promise.all([once(wss, 'connection'), once(client, 'open')])) as [[WebSocket], unknown];
    let received = 0;
    client.on('message', () => received++);
    const gone = once(client, 'close');
    for (let i = 0; i < 500; i++) ws.send(Buffer.alloc(4_096));
    await wss.drain();
    await gone;
    assert.equal(received, 500);
  });

  for (const [options, code] of [
    [{ code: 1005 }, 'WSL_ERR_OPTION_RANGE'],
    [{ code: '1001' }, 'WSL_ERR_OPTION_TYPE'],
    [{ reason: 'x'.repeat(124) }, 'WSL_ERR_OPTION_RANGE'],
    [{ reason: 7 }, 'WSL_ERR_OPTION_TYPE'],
    [{ timeout: 0 }, 'WSL_ERR_OPTION_RANGE'],
    [{ spread: -1 }, 'WSL_ERR_OPTION_RANGE'],
    [{ spread: 1_000, timeout: 1_000 }, 'WSL_ERR_OPTION_RANGE'],
    [{ timeuot: 5 }, 'WSL_ERR_UNKNOWN_OPTION'],
    [5, 'WSL_ERR_OPTION_TYPE'],
  ] as [object, string][]) {
    it(`refuses ${JSON.stringify(options).slice(0, 40)} before it closes anything`, async () => {
      const wss = new WebSocketServer({ port: 0, linger });
      await once(wss, 'listening');
      assert.throws(() => void wss.drain(options), { code });
      assert.ok(wss.address());
      wss.close();
    });
  }
});

after(() => until('all handles are gone', () => openHandles() <= before));
