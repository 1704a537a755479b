// drain({ notice }): not ready and announced first, the first close later; several servers as one; who is said to have ended what.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { Duplex } from 'node:stream';
import { after, describe, it } from 'node:test';
import { attach, closeSentence, WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { listen, openHandles, portOf, until } from '../support/end.js';
import { CLIENT_FRAMES, connectPeer, connectTcp, endOf, UPGRADE_REQUEST } from '../support/peer.js';

const before = openHandles();
const linger = { closeTimeout: 500, logger: false } as const;
const HOST = '127.0.0.1';

type Drainable = Upstream.Server & Pick<WebSocketServer, 'drain' | 'ready' | 'draining' | 'recentEnds'>;

const MAKES: Record<string, (options: Upstream.ServerOptions) => Drainable> = {
  'a WebSocketServer': (options) => new WebSocketServer({ ...options, linger }) as unknown as Drainable,
  'an attached server': (options) => attach(new Upstream.WebSocketServer(options), linger) as unknown as Drainable,
};

async function serve(make = MAKES['a WebSocketServer']): Promise<Drainable> {
  const wss = (make as (options: Upstream.ServerOptions) => Drainable)({ port: 0, host: HOST });
  await once(wss, 'listening');
  return wss;
}

async function openClient(wss: Drainable): Promise<Upstream> {
  const client = new Upstream(`ws://${HOST}:${portOf(wss)}`);
  await once(client, 'open');
  return client;
}

for (const [name, make] of Object.entries(MAKES)) {
  describe(`the drain of ${name}`, () => {
    it('makes it not ready, and is announced, before the first close', async () => {
      const wss = make({ port: 0, host: HOST });
      assert.deepEqual([wss.ready, wss.draining], [false, false], 'not listening yet');
      await once(wss, 'listening');
      assert.deepEqual([wss.ready, wss.draining], [true, false]);
      const client = await openClient(wss);
      const said: unknown[] = [];
      client.on('message', (data) => said.push(String(data)));
      client.on('close', (code) => said.push(code));
      wss.on('draining', () => {
        assert.deepEqual([wss.ready, wss.draining], [false, true]);
        for (const ws of wss.clients) ws.send('farewell');
      });
      assert.equal((await wss.drain()).clean, 1);
      await until('the client has closed', () => said.length > 1);
      assert.deepEqual(said, ['farewell', 1001]);
      assert.deepEqual([wss.ready, wss.draining], [false, true]);
    });

    it('closes nothing until the notice is over, and refuses new connections meanwhile', async () => {
      const wss = await serve(make);
      const client = await openClient(wss);
      const began = performance.now();
      const closed = once(client, 'close').then(() => performance.now() - began);
      const drained = wss.drain({ notice: 300 });
      const late = connectTcp(wss);
      late.write(UPGRADE_REQUEST);
      assert.match(String((await once(late, 'data'))[0]), /^HTTP\/1\.1 503 /);
      late.destroy();
      assert.equal((await drained).clean, 1);
      assert.ok((await closed) >= 298, `closed after ${await closed} ms`);
    });

    it('emits one event, however often it is called', async () => {
      const wss = await serve(make);
      let events = 0;
      wss.on('draining', () => {
        events++;
        wss.drain();
      });
      const drained = wss.drain();
      assert.equal(wss.drain(), drained);
      await drained;
      assert.equal(events, 1);
    });

    it('keeps what a program has set by these names', () => {
      const wss = make({ noServer: true }) as Drainable & { ready: unknown; draining: unknown };
      Object.assign(wss, { ready: 'yes', draining: 'no' });
      assert.deepEqual([wss.ready, wss.draining], ['yes', 'no']);
    });
  });
}

describe('drain({ notice })', () => {
  it('has a notice that a second call can end', async () => {
    const wss = await serve();
    const client = await openClient(wss);
    const closed = once(client, 'close');
    const drained = wss.drain({ notice: 60_000 });
    wss.drain({ notice: 0 });
    assert.equal((await drained).clean, 1);
    await closed;
  });

  it('has a notice that ends with the shorter timeout of a second call', async () => {
    const wss = await serve();
    const peer = await connectPeer(portOf(wss));
    const seen = endOf(peer);
    const drained = wss.drain({ notice: 60_000, spread: 1_000 });
    wss.drain({ timeout: 20 });
    assert.equal((await drained)['close-timeout'], 1);
    assert.equal(await seen, 'end');
    peer.destroy();
  });

  it('spreads the closes after the notice', async () => {
    const wss = await serve();
    const clients = await Promise.all(Array.from({ length: 4 }, () => openClient(wss)));
    const began = performance.now();
    const times = clients.map((client) => once(client, 'close').then(() => performance.now() - began));
    await wss.drain({ notice: 100, spread: 200 });
    const sorted = (await Promise.all(times)).sort((a, b) => a - b) as [number, number, number, number];
    assert.ok(sorted[0] >= 98, `${sorted}`);
    assert.ok(sorted[3] - sorted[0] >= 50, `${sorted}`);
  });

  it('closes a connection that opens during the notice with the others', async () => {
    const server = http.createServer();
    await listen(server);
    const decisions: ((allowed: boolean) => void)[] = [];
    const wss = new WebSocketServer({
      server,
      linger,
      verifyClient: (_: unknown, decide: (allowed: boolean) => void) => void decisions.push(decide),
    });
    const client = new Upstream(`ws://${HOST}:${portOf(server)}`);
    await once(server, 'upgrade');
    const drained = wss.drain({ notice: 100 });
    decisions[0]?.(true);
    assert.equal((await once(client, 'close'))[0], 1001);
    assert.equal((await drained).clean, 1);
    server.close();
  });

  it('drains although a listener of the event throws, and the error is uncaught', async () => {
    const wss = await serve();
    const client = await openClient(wss);
    const closed = once(client, 'close');
    wss.on('draining', () => {
      throw new Error('an error of the application');
    });
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const thrown = once(process, 'uncaughtException');
    const drained = wss.drain();
    const [error] = await thrown;
    for (const listener of others) process.on('uncaughtException', listener);
    assert.equal(error.message, 'an error of the application');
    assert.equal((await drained).clean, 1);
    await closed;
  });

  for (const [options, code] of [
    [{ notice: -1 }, 'WSL_ERR_OPTION_RANGE'],
    [{ notice: '1' }, 'WSL_ERR_OPTION_TYPE'],
    [{ notice: 500, spread: 500, timeout: 1_000 }, 'WSL_ERR_OPTION_RANGE'],
  ] as [object, string][]) {
    it(`refuses ${JSON.stringify(options)} before anything is told`, async () => {
      const wss = await serve();
      assert.throws(() => void wss.drain(options), { code });
      assert.deepEqual([wss.ready, wss.draining], [true, false]);
      wss.close();
      assert.equal(wss.ready, false);
    });
  }
});

describe('closeInfo.by of a drain', () => {
  /** Ends of a server: drains it with a connection that does `act` meanwhile, and returns what is said of that. */
  async function endOfOne(act: (peer: import('node:net').Socket, wss: Drainable) => void | Promise<void>) {
    const wss = await serve();
    const peer = await connectPeer(portOf(wss));
    peer.resume();
    await act(peer, wss);
    await wss.drain({ timeout: 300 });
    peer.destroy();
    const [{ info }] = wss.recentEnds() as [ReturnType<Drainable['recentEnds']>[number]];
    return { kind: info.kind, origin: info.origin, by: info.by, sentence: closeSentence(info) };
  }

  it('is drain where the peer answers', async () => {
    const end = await endOfOne((peer, wss) => void wss.on('draining', () => peer.end(CLIENT_FRAMES.close)));
    assert.deepEqual([end.kind, end.by], ['clean', 'drain']);
  });

  it('is drain where the deadline cuts it', async () => {
    const end = await endOfOne(() => {});
    assert.deepEqual([end.kind, end.by], ['close-timeout', 'drain']);
    assert.match(end.sentence, /^A drain of this server closed the connection/);
  });

  it('is drain where the deadline cuts a close that the application had begun before', async () => {
    const end = await endOfOne((_peer, wss) => {
      for (const ws of wss.clients) ws.close(4000);
    });
    assert.deepEqual([end.kind, end.by], ['close-timeout', 'drain']);
  });

  it('is drain where the peer leaves during the notice, and the sentence says who ended it', async () => {
    const end = await endOfOne((peer, wss) => {
      wss.once('draining', () => peer.end(CLIENT_FRAMES.close));
      void wss.drain({ notice: 200, timeout: 1_000 });
    });
    assert.deepEqual([end.kind, end.origin, end.by], ['clean', 'peer', 'drain']);
    assert.match(
      end.sentence,
      /^The peer closed the connection, and this side answered \(.*while the server was drained/,
    );
  });

  it('is drain where the peer resets during the notice', async () => {
    const end = await endOfOne((peer, wss) => {
      wss.once('draining', () => peer.resetAndDestroy());
      void wss.drain({ notice: 200, timeout: 1_000 });
    });
    assert.deepEqual([end.kind, end.origin, end.by], ['reset', 'peer', 'drain']);
    assert.match(end.sentence, /^The peer reset the connection \(.*while the server was drained/);
  });

  it('is drain where the application calls terminate() in the event', async () => {
    const end = await endOfOne((_peer, wss) => {
      wss.once('draining', () => {
        for (const ws of wss.clients) ws.terminate();
      });
    });
    assert.deepEqual([end.kind, end.origin, end.by], ['local-abort', 'local', 'drain']);
  });

  it('is null for an end that came before the drain', async () => {
    const end = await endOfOne(async (peer, wss) => {
      peer.end(CLIENT_FRAMES.close);
      await until('it has ended', () => wss.recentEnds().length > 0);
    });
    assert.deepEqual([end.kind, end.by], ['clean', null]);
  });
});

describe('several servers', () => {
  it('are all not ready before a connection of one of them is closed, when drained in one turn', async () => {
    const all = [await serve(), await serve(MAKES['an attached server'])];
    const clients = await Promise.all(all.map(openClient));
    const closed = clients.map((client) => once(client, 'close'));
    const drained = all.map((wss) => wss.drain({ notice: 1 }));
    assert.deepEqual(
      all.map(({ ready }) => ready),
      [false, false],
    );
    for (const counts of await Promise.all(drained)) assert.equal(counts.clean, 1);
    await Promise.all(closed);
  });

  it('share an HTTP server, and each refuses its own upgrades alone', async () => {
    const server = http.createServer();
    const [one, other] = [0, 1].map(() => new WebSocketServer({ noServer: true, linger })) as [
      WebSocketServer,
      WebSocketServer,
    ];
    server.on('upgrade', (request, socket, head) => {
      const wss = request.url === '/one' ? one : other;
      wss.handleUpgrade(request, socket, head, (ws) => wss.emit('connection', ws, request));
    });
    await listen(server);
    assert.deepEqual([one.ready, other.ready], [true, true]);
    await one.drain();
    assert.deepEqual([one.ready, other.ready], [false, true]);
    const refused = new Upstream(`ws://${HOST}:${portOf(server)}/one`);
    const [, answer] = (await once(refused, 'unexpected-response')) as [unknown, http.IncomingMessage];
    assert.equal(answer.statusCode, 503);
    refused.on('error', () => {}).terminate();
    const client = new Upstream(`ws://${HOST}:${portOf(server)}/other`);
    await once(client, 'open');
    const closed = once(client, 'close');
    await other.drain();
    await closed;
    server.close();
  });

  it("refuse the upgrades of a framework's second listener, during the drain and after it", async () => {
    const main = await listen(http.createServer());
    const second = http.createServer();
    // Fastify does so for ::1 beside 127.0.0.1.
    second.on('upgrade', main.emit.bind(main, 'upgrade'));
    await listen(second);
    const wss = new WebSocketServer({ server: main, linger });
    const another = new WebSocketServer({ server: main, linger });
    await another.drain();
    const client = new Upstream(`ws://${HOST}:${portOf(second)}`);
    await once(client, 'open');
    const statusAt = async (server: http.Server) => {
      const socket = connectTcp(server);
      socket.write(UPGRADE_REQUEST);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      return answer.toString().split(' ')[1];
    };
    const drained = wss.drain({ notice: 300 });
    assert.equal(await statusAt(second), '503');
    const closed = once(client, 'close');
    assert.equal((await drained).clean, 1);
    await closed;
    assert.equal(await statusAt(second), '503');
    // Who takes the place of the server is not disturbed.
    const next = new WebSocketServer({ server: main, linger });
    const later = new Upstream(`ws://${HOST}:${portOf(second)}`);
    await once(later, 'open');
    const gone = once(later, 'close');
    await next.drain();
    await gone;
    main.close();
    second.close();
  });

  it('leave an upgrade to whoever else listens for it', async () => {
    const server = await listen(http.createServer());
    const wss = new WebSocketServer({ server, linger });
    await wss.drain();
    server.on('upgrade', (_request, socket: Duplex) => socket.end('HTTP/1.1 426 Upgrade Required\r\n\r\n'));
    const socket = connectTcp(server);
    socket.write(UPGRADE_REQUEST);
    assert.match(String((await once(socket, 'data'))[0]), /^HTTP\/1\.1 426 /);
    socket.destroy();
    server.close();
  });
});

after(() => until('all handles are gone', () => openHandles() <= before));
