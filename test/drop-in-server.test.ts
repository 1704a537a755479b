// The members of a WebSocketServer that users rely on work as in plain ws.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { describe, it } from 'node:test';
import type Upstream from 'ws-upstream';
import { listen, portOf } from './support/end.js';
import { type Class, closeAll, connect, logEvents, QUIET, serve, sideBySide } from './support/side-by-side.js';

const url = (server: { address(): unknown }, path = '/') => `ws://127.0.0.1:${portOf(server as never)}${path}`;

/** Resolves with the result of an opening handshake: 'open', or the status of its refusal. */
async function outcome(WebSocket: Class, address: string, protocols: string[] = []): Promise<string> {
  const ws = new WebSocket(address, protocols, QUIET);
  const result = await Promise.race([
    once(ws, 'open').then(() => `open ${ws.protocol}`.trim()),
    once(ws, 'unexpected-response').then(([, response]) => `refused ${response.statusCode}`),
  ]);
  ws.on('error', () => {}).terminate();
  return result;
}

describe('a server, as with plain ws', () => {
  it('applies options that are assigned after its construction', async () => {
    const seen = await sideBySide(async (WebSocket) => {
      const wss = await serve(WebSocket);
      const before = await outcome(WebSocket, url(wss, '/elsewhere'), ['one', 'two']);
      wss.options.handleProtocols = (protocols) => [...protocols].at(-1) ?? false;
      wss.options.path = '/here';
      const results = [before, wss.path];
      results.push(await outcome(WebSocket, url(wss, '/elsewhere')));
      results.push(await outcome(WebSocket, url(wss, '/here?query'), ['one', 'two']));
      wss.options.verifyClient = () => false;
      results.push(await outcome(WebSocket, url(wss, '/here')));
      wss.close();
      await once(wss, 'close');
      return results;
    });
    assert.deepEqual(seen, ['open one', undefined, 'refused 400', 'open two', 'refused 401']);
  });

  it('calls shouldHandle() of a subclass, or one that is assigned', async () => {
    const seen = await sideBySide(async (WebSocket) => {
      class Mine extends WebSocket.Server {
        override shouldHandle(request: http.IncomingMessage): boolean {
          return request.url !== '/no' && super.shouldHandle(request) === true;
        }
      }
      const wss = new Mine({ host: '127.0.0.1', port: 0, path: '/yes' });
      await once(wss, 'listening');
      const results: unknown[] = [wss instanceof WebSocket.Server, wss.constructor === Mine];
      for (const path of ['/yes', '/no', '/other']) results.push(await outcome(WebSocket, url(wss, path)));
      wss.shouldHandle = () => true;
      results.push(await outcome(WebSocket, url(wss, '/no')));
      wss.close();
      await once(wss, 'close');
      return results;
    });
    assert.deepEqual(seen, [true, true, 'open', 'refused 400', 'refused 400', 'open']);
  });

  it('has no clients with clientTracking: false, and closes without waiting for connections', async () => {
    const seen = await sideBySide(async (WebSocket) => {
      const server = await listen(http.createServer());
      const wss = new WebSocket.Server({ server, clientTracking: false });
      const client = new WebSocket(url(server));
      const [[ws]] = await Promise.all([once(wss, 'connection'), once(client, 'open')]);
      wss.close();
      await once(wss, 'close');
      const results = [wss.clients, client.readyState, ws.readyState];
      client.close();
      await Promise.all([once(client, 'close'), once(ws, 'close')]);
      server.close();
      await once(server, 'close');
      return results;
    });
    assert.deepEqual(seen, [undefined, 1, 1]);
  });

  it("leaves no listener on the user's HTTP server, even if its own were all removed before close()", async () => {
    for (const removeFirst of [false, true]) {
      const seen = await sideBySide(async (WebSocket) => {
        const server = await listen(http.createServer());
        const count = () => server.eventNames().reduce((sum, name) => sum + server.listenerCount(name), 0);
        const before = count();
        const wss = new WebSocket.Server({ server });
        const client = new WebSocket(url(server));
        await Promise.all([once(wss, 'connection'), once(client, 'open')]);
        const closed = new Promise<string>((done) => {
          if (removeFirst) wss.removeAllListeners();
          // graphql-ws does this.
          for (const ws of wss.clients) ws.close(1001, 'Going away');
          wss.close((error) => done(error?.message ?? 'closed'));
        });
        const [[code, reason], how] = await Promise.all([once(client, 'close'), closed]);
        const left = count() - before;
        server.close();
        await once(server, 'close');
        return [how, left, code, String(reason), wss.clients.size];
      });
      assert.deepEqual(seen, ['closed', 0, 1001, 'Going away', 0]);
    }
  });

  it('closes when its last client has closed', async () => {
    const modes: ((server: http.Server) => Upstream.ServerOptions)[] = [
      () => ({ port: 0, host: '127.0.0.1' }),
      (server) => ({ server }),
      () => ({ noServer: true }),
    ];
    for (const mode of modes) {
      const seen = await sideBySide(async (WebSocket) => {
        const server = await listen(http.createServer());
        const options = mode(server);
        const wss = new WebSocket.Server(options);
        if (options.port === 0) await once(wss, 'listening');
        server.on('upgrade', (request, socket, head) => {
          if (options.noServer) wss.handleUpgrade(request, socket, head, (ws) => wss.emit('connection', ws, request));
        });
        const client = new WebSocket(url(options.port === 0 ? wss : server));
        const [[ws]] = await Promise.all([once(wss, 'connection'), once(client, 'open')]);
        const log: string[] = [];
        logEvents(wss, log, 'wss: ');
        logEvents(ws, log, 'ws: ');
        const closed = new Promise<void>((done) => wss.close(() => done()));
        const refused = await new Promise((done) => {
          if (options.noServer) new WebSocket(url(server), QUIET).on('error', ({ message }) => done(message));
          else done('not asked');
        });
        log.push('a client closes');
        const gone = once(ws, 'close');
        client.close(4000, 'bye');
        await Promise.all([closed, gone]);
        const again = await new Promise<Error | undefined>((done) => wss.close(done));
        server.close();
        return { log, refused, again: again?.message };
      });
      assert.equal(seen.log[0], 'a client closes');
      assert.equal(seen.again, 'The server is not running');
    }
  });

  it("has the options of plain ws, calls verifyClient and emits 'headers'", async () => {
    const seen = await sideBySide(async (WebSocket) => {
      const log: string[] = [];
      const connected = await connect(WebSocket, {
        verifyClient: (info, done) => {
          log.push(`verify ${info.secure} ${info.req.url}`);
          setImmediate(done, true);
        },
      });
      log.push(...Object.keys(connected.wss.options).filter((name) => name !== 'linger'));
      log.push(String(connected.wss.options.WebSocket === WebSocket));
      logEvents(connected.wss, log);
      const next = new WebSocket(url(connected.wss));
      await once(next, 'open');
      next.terminate();
      await closeAll(connected);
      return log;
    });
    assert.equal(seen[0], 'verify false /');
    assert.ok(seen.includes('headers'));
  });
});
