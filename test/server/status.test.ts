// statusHandler(): what it answers, whom, and what it costs nobody who does not ask.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import WebSocket, { attach, statusHandler, WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { RecentEnds } from '../../dist/telemetry/recent-ends.js';
import { parseOutput, ROOT, runNode } from '../support/child.js';
import { listen, portOf, until, watchEnd } from '../support/end.js';
import { CLIENT_FRAMES, connectPeer } from '../support/peer.js';

const MiB = 1024 * 1024;

interface Answer {
  status: number | undefined;
  headers: http.IncomingHttpHeaders;
  body: string;
}

async function ask(port: number, { method = 'GET', headers = {} }: http.RequestOptions = {}): Promise<Answer> {
  const request = http.request({ port, host: '127.0.0.1', agent: false, method, headers }).end();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, headers: response.headers, body };
}

/** Calls a handler without a connection. */
function call(options: WebSocket.StatusOptions | undefined, request: WebSocket.StatusRequest) {
  const response = {
    ...{ statusCode: 0, body: '' },
    setHeader() {},
    end(body = '') {
      this.body = body;
    },
  };
  statusHandler(options)(request, response);
  return response;
}

describe('statusHandler()', () => {
  let wss: WebSocketServer;
  let status: http.Server;
  const read = async () => JSON.parse((await ask(portOf(status))).body) as WebSocket.Status;
  before(async () => {
    wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger: { logger: false } });
    await once(wss, 'listening');
    status = await listen(http.createServer(statusHandler()));
  });
  after(() => {
    wss.close();
    status.close();
  });

  async function connect() {
    const connected = once(wss, 'connection') as Promise<[WebSocket]>;
    const peer = await connectPeer(portOf(wss));
    const [ws] = await connected;
    return { peer, ws };
  }

  it('answers GET with the version, the uptime and the counts of the process, as JSON that nobody stores', async () => {
    const before = await read();
    const { peer, ws } = await connect();
    const { status: code, headers, body } = await ask(portOf(status));
    assert.equal(code, 200);
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['access-control-allow-origin'], undefined);
    const now = JSON.parse(body) as WebSocket.Status;
    assert.deepEqual(Object.keys(now), [
      ...['version', 'at', 'uptimeMs', 'server', 'client', 'lingering', 'slowConsumers', 'recentEnds'],
    ]);
    assert.equal(now.version, require(join(ROOT, 'package.json')).version);
    assert.ok(Math.abs(now.at - Date.now()) < 60_000 && now.uptimeMs > 0);
    assert.equal(now.server.opened, before.server.opened + 1);
    assert.equal(now.server.connections.open, before.server.connections.open + 1);
    assert.equal(now.server.rttMs.buckets.at(-1)?.upTo, null);
    const ended = watchEnd(ws);
    peer.resetAndDestroy();
    await ended;
    const then = await read();
    assert.equal(then.server.ended.reset, before.server.ended.reset + 1);
    assert.equal(then.server.connections.open, before.server.connections.open);
  });

  it('answers HEAD with the same headers and no body', async () => {
    const { status: code, headers, body } = await ask(portOf(status), { method: 'HEAD' });
    assert.deepEqual([code, headers['content-type'], body], [200, 'application/json', '']);
  });

  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    it(`answers ${method} with 405, and says what it takes`, async () => {
      const { status: code, headers, body } = await ask(portOf(status), { method });
      assert.deepEqual([code, headers.allow], [405, 'GET, HEAD']);
      assert.equal(body, 'only GET and HEAD are answered\n');
    });
  }

  it('has the last ends as sentences, of all servers, attached ones too, the newest last', async () => {
    const plain = new Upstream.WebSocketServer({ port: 0, host: '127.0.0.1' });
    const attached = attach(plain, { logger: false });
    await once(plain, 'listening');
    const { peer, ws } = await connect();
    ws.connectionId = 'the first';
    const first = watchEnd(ws);
    peer.end(CLIENT_FRAMES.close);
    await first;
    const connected = once(attached, 'connection') as Promise<[WebSocket]>;
    const other = await connectPeer(portOf(plain));
    const [second] = await connected;
    second.connectionId = 2;
    const ended = watchEnd(second);
    await new Promise(setImmediate); // under Wine a reset in the turn of the opening arrives as FIN
    other.resetAndDestroy();
    await ended;
    const [one, two] = (await read()).recentEnds.slice(-2);
    assert.deepEqual([one?.kind, one?.connectionId], ['clean', 'the first']);
    assert.match(one?.sentence ?? '', /^The peer closed the connection, and this side answered \(code 1000/);
    assert.deepEqual([two?.kind, two?.connectionId], ['reset', 2]);
    assert.match(two?.sentence ?? '', /^The peer reset the connection \(ECONNRESET/);
    assert.ok((one?.at ?? 0) <= (two?.at ?? 0));
    plain.close();
  });

  it('has at most 20 ends', async () => {
    for (let i = 0; i < 25; i++) {
      const { peer, ws } = await connect();
      ws.connectionId = i;
      const ended = watchEnd(ws);
      peer.end(CLIENT_FRAMES.close);
      await ended;
    }
    const ids = (await read()).recentEnds.map(({ connectionId }) => connectionId);
    assert.deepEqual(
      ids,
      Array.from({ length: 20 }, (_, i) => i + 5),
    );
  });

  it('has the connections with the most bytes queued, the most first', async () => {
    const backlog = Buffer.alloc(64 * MiB);
    const sizeOf = (i: number) => (20 + 2 * i) * MiB; // more than the system takes
    const pairs = [];
    for (let i = 1; i <= 12; i++) {
      const pair = await connect();
      pair.peer.pause();
      pair.ws.connectionId = i;
      pair.ws.send(backlog.subarray(0, 16 * MiB)); // Windows takes one message whole, and no more
      pair.ws.send(backlog.subarray(0, sizeOf(i)));
      pairs.push(pair);
    }
    const { slowConsumers } = await read();
    assert.equal(slowConsumers.length, 10);
    assert.deepEqual(
      slowConsumers.map(({ connectionId }) => connectionId),
      Array.from({ length: 10 }, (_, i) => 12 - i),
    );
    for (const { bytes, connectionId, remoteAddress } of slowConsumers) {
      assert.ok(bytes > 0 && bytes <= sizeOf(Number(connectionId)) + 17 * MiB);
      assert.equal(remoteAddress, '127.0.0.1');
    }
    const ends = pairs.map(({ ws }) => watchEnd(ws));
    for (const { peer } of pairs) peer.destroy();
    await Promise.all(ends);
    assert.deepEqual((await read()).slowConsumers, []);
  });

  it('has the sockets that linger, and what waits in them', async () => {
    const own = new WebSocketServer({ port: 0, host: '127.0.0.1', linger: { closeTimeout: 50, logger: false } });
    await once(own, 'listening');
    const connected = once(own, 'connection') as Promise<[WebSocket]>;
    const peer = await connectPeer(portOf(own));
    peer.pause();
    const [ws] = await connected;
    const ended = watchEnd(ws);
    for (let i = 0; i < 8; i++) ws.send(Buffer.alloc(4 * MiB));
    ws.close();
    await ended;
    const { lingering } = await read();
    assert.equal(lingering.sockets, 1);
    assert.ok(lingering.bytes > MiB, `${lingering.bytes}`);
    peer.destroy();
    await until('nothing lingers', async () => (await read()).lingering.sockets === 0);
    assert.equal((await read()).lingering.bytes, 0);
    own.close();
  });

  it('counts what servers do that were made later, and those without `clients`', async () => {
    const own = new WebSocketServer({ port: 0, host: '127.0.0.1', clientTracking: false, linger: { logger: false } });
    await once(own, 'listening');
    const connected = once(own, 'connection') as Promise<[WebSocket]>;
    const peer = await connectPeer(portOf(own));
    peer.pause();
    const [ws] = await connected;
    ws.connectionId = 'untracked';
    for (let i = 0; i < 8; i++) ws.send(Buffer.alloc(4 * MiB));
    assert.equal((await read()).slowConsumers[0]?.connectionId, 'untracked');
    const ended = watchEnd(ws);
    peer.destroy();
    await ended;
    own.close();
  });

  it('survives a WebSocket class whose bufferedAmount throws', async () => {
    class Odd extends WebSocket {}
    Object.defineProperty(Odd.prototype, 'bufferedAmount', {
      get() {
        throw new Error('mine');
      },
    });
    const own = new WebSocketServer({ port: 0, host: '127.0.0.1', WebSocket: Odd, linger: { logger: false } });
    await once(own, 'listening');
    const connected = once(own, 'connection') as Promise<[WebSocket]>;
    const peer = await connectPeer(portOf(own));
    const [ws] = await connected;
    assert.deepEqual((await read()).slowConsumers, []);
    const ended = watchEnd(ws);
    peer.destroy();
    await ended;
    own.close();
  });
});

describe('statusHandler() answers only this machine', () => {
  const socket = { remoteAddress: '127.0.0.1' };
  const local = { method: 'GET', headers: { host: 'localhost:9090' }, socket };

  it('refuses another name in the Host header with 403, and says why', async () => {
    const server = await listen(http.createServer(statusHandler()));
    for (const headers of [{ host: 'rebound.example' }, { host: `rebound.example:${portOf(server)}` }]) {
      const { status, headers: got, body } = await ask(portOf(server), { headers });
      assert.equal(status, 403);
      assert.equal(got['content-type'], 'text/plain');
      assert.equal(got['cache-control'], 'no-store');
      assert.equal(body, 'the Host header must be localhost or a loopback address\n');
    }
    for (const host of ['localhost', `127.0.0.1:${portOf(server)}`, '[::1]'])
      assert.equal((await ask(portOf(server), { headers: { host } })).status, 200, host);
    server.close();
  });

  it('refuses other addresses, whatever the method', () => {
    for (const remoteAddress of ['192.0.2.1', '2001:db8::1', '::ffff:192.0.2.1', undefined]) {
      for (const method of ['GET', 'HEAD', 'POST']) {
        const { statusCode, body } = call({}, { ...local, method, socket: { remoteAddress } });
        assert.deepEqual([statusCode, body], [403, 'only requests from this machine are answered\n']);
      }
    }
  });

  it('refuses what a proxy passes on', async () => {
    for (const headers of [{ forwarded: 'for=192.0.2.1' }, { 'x-forwarded-for': '192.0.2.1' }]) {
      const { statusCode, body } = call(undefined, { ...local, headers: { ...local.headers, ...headers } });
      assert.deepEqual([statusCode, body], [403, 'requests that a proxy passes on are not answered\n']);
    }
  });

  it('answers all of them with `remote: true`', () => {
    const headers = { host: 'status.example', 'x-forwarded-for': '192.0.2.1' };
    const { statusCode, body } = call(
      { remote: true },
      { method: 'GET', headers, socket: { remoteAddress: '192.0.2.1' } },
    );
    assert.equal(statusCode, 200);
    assert.ok('version' in JSON.parse(body));
    assert.equal(call({ remote: false }, { method: 'GET', headers, socket }).statusCode, 403);
  });

  it('looks at the authority of HTTP/2, too', async () => {
    const server = await listen(http2.createServer(statusHandler() as (request: unknown, response: unknown) => void));
    const session = http2.connect(`http://127.0.0.1:${portOf(server)}`);
    const statusFor = async (authority: string) => {
      const stream = session.request({ ':path': '/', ':authority': authority });
      const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
      stream.resume();
      await once(stream, 'end');
      return headers[':status'];
    };
    assert.equal(await statusFor('localhost'), 200);
    assert.equal(await statusFor('rebound.example'), 403);
    session.close();
    server.close();
  });
});

describe('the options of statusHandler()', () => {
  for (const [what, options, code, message] of [
    ['a name that does not exist', { remot: true }, 'WSL_ERR_UNKNOWN_OPTION', /did you mean statusHandler\.remote\?/],
    ['a wrong type', { remote: 'yes' }, 'WSL_ERR_OPTION_TYPE', /^statusHandler\.remote must be true or false/],
    ['null', null, 'WSL_ERR_OPTION_TYPE', /^statusHandler must be an object/],
    ['a server', new WebSocketServer({ noServer: true }), 'WSL_ERR_UNKNOWN_OPTION', /^statusHandler\./],
  ] as const) {
    it(`are refused: ${what}`, () => {
      assert.throws(() => statusHandler(options as object), { code, message });
    });
  }
});

describe('the last ends of a ring', () => {
  const ring = (size: number, count: number) => {
    const ends = new RecentEnds(size);
    for (let at = 1; at <= count; at++) ends.add({ at } as WebSocket.RecentEnd);
    return ends;
  };

  it('are the end of all of them', () => {
    for (let size = 1; size <= 5; size++) {
      for (let count = 0; count <= 12; count++) {
        for (let most = 0; most <= 6; most++) {
          const ends = ring(size, count);
          const wanted = most === 0 ? [] : ends.read().slice(-most);
          assert.deepEqual(ends.last(most), wanted, `${most} of ${count} in ${size}`);
        }
      }
    }
  });
});

describe('a server', () => {
  it('is not kept by the list of all servers', async () => {
    const code = `
      const { WebSocketServer, statusHandler } = require('ws-linger');
      const { allServers } = require('./dist/server/all-servers.js');
      (async () => {
        for (let i = 0; i < 50; i++) new WebSocketServer({ noServer: true });
        const kept = new WebSocketServer({ noServer: true });
        const before = allServers().length;
        for (let turn = 0; turn < 20; turn++) { await new Promise(setImmediate); gc(); }
        console.log(JSON.stringify({ before, after: allServers().length, kept: kept.ready }));
      })();`;
    const output = await runNode(['--expose-gc', '-e', code], { cwd: ROOT });
    assert.deepEqual(parseOutput(output), { before: 51, after: 1, kept: true });
  });
});
