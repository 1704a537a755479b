// readinessHandler(): 200 while every server is ready, 503 otherwise.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { describe, it } from 'node:test';
import { attach, readinessHandler, WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { listen, portOf } from '../support/end.js';

async function probe(server: http.Server, method = 'GET') {
  const request = http.request({ port: portOf(server), host: '127.0.0.1', agent: false, method }).end();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, body, cache: response.headers['cache-control'] };
}

describe('readinessHandler()', () => {
  it('answers 503 until the server listens, 200 then, and 503 from the drain on', async () => {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger: { logger: false } });
    const listening = once(wss, 'listening');
    assert.equal(wss.ready, false);
    const probes = await listen(http.createServer(readinessHandler(wss)));
    await listening;
    assert.deepEqual(await probe(probes), { status: 200, body: 'ready\n', cache: 'no-store' });
    assert.deepEqual(await probe(probes, 'HEAD'), { status: 200, body: '', cache: 'no-store' });
    const drained = wss.drain({ notice: 200 });
    assert.deepEqual(await probe(probes), { status: 503, body: 'not ready\n', cache: 'no-store' });
    await drained;
    assert.equal((await probe(probes)).status, 503);
    probes.close();
  });

  it('asks all of several servers, attached ones and those without an HTTP server too', async () => {
    const own = new WebSocketServer({ noServer: true });
    const attached = attach(new Upstream.WebSocketServer({ noServer: true }));
    const probes = await listen(http.createServer(readinessHandler([own, attached])));
    assert.equal((await probe(probes)).status, 200);
    attached.close();
    assert.equal((await probe(probes)).status, 503);
    own.close();
    probes.close();
  });

  it('is not ready while the HTTP server of the application does not listen', async () => {
    const server = http.createServer();
    const wss = new WebSocketServer({ server });
    server.on('request', readinessHandler(wss));
    assert.equal(wss.ready, false);
    await listen(server);
    assert.equal((await probe(server)).status, 200);
    wss.close();
    assert.equal((await probe(server)).status, 503);
    server.close();
  });

  it('refuses what is no server of this package', () => {
    for (const wrong of [undefined, {}, http.createServer(), [new WebSocketServer({ noServer: true }), {}]])
      assert.throws(() => readinessHandler(wrong as object), { code: 'WSL_ERR_NOT_ATTACHABLE' });
  });
});
