/** examples/reconnecting-client: clients of a server that restarts, resets them, or sends them away. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import type WebSocket from 'ws-linger';
import { WebSocketServer } from 'ws-linger';
import type { Program } from '../support/child.js';
import { portOf } from '../support/end.js';
import { portOfApp, soon, startApp } from './apps.js';

const CLIENTS = 100;

async function serve(port = 0): Promise<WebSocketServer> {
  const wss = new WebSocketServer({ port });
  await once(wss, 'listening');
  return wss;
}

const startClients = (port: number, clients = 1) =>
  startApp('reconnecting-client', ['client.js', `ws://localhost:${port}`], { CLIENTS: clients });

/** Waits until all clients have chosen how long they wait before an attempt. Resolves with these times. */
async function waits(app: Program, attempt: number, clients: number): Promise<number[]> {
  const line = new RegExp(`attempt ${attempt}: in ([\\d.]+) ms`);
  const times: number[] = [];
  for (let from = 0; times.length < clients; ) {
    const found = await app.prints(line, from);
    from += found.index + found[0].length;
    times.push(Number(found[1]));
  }
  return times;
}

/** How many of these times are in each fifth of the time up to a limit. */
function fifths(times: number[], limit: number): number[] {
  const isIn = (ms: number, fifth: number) => ms >= (fifth * limit) / 5 && ms <= ((fifth + 1) * limit) / 5;
  return [0, 1, 2, 3, 4].map((fifth) => times.filter((ms) => isIn(ms, fifth)).length);
}

export const reconnectingClient = () =>
  describe('reconnecting-client', () => {
    it('a server restarts: all clients come back, spread over a time that doubles', soon, async () => {
      let wss = await serve();
      const port = portOf(wss);
      const app = startClients(port, CLIENTS);
      while (wss.clients.size < CLIENTS) await once(wss, 'connection');
      await wss.drain({ code: 1012 });

      // Each attempt fails, as the server is away. That one of five fifths has none of 100 random times happens once in 10 ** 9 runs.
      for (const [attempt, limit] of [
        [0, 500],
        [1, 1_000],
      ] as const) {
        const times = await waits(app, attempt, CLIENTS);
        assert.ok(Math.max(...times) <= limit, `${Math.max(...times)}`);
        assert.ok(Math.min(...fifths(times, limit)) > 0, `${fifths(times, limit)}`);
      }
      wss = await serve(port);
      while (wss.clients.size < CLIENTS) await once(wss, 'connection');
      await app.stop();
      await wss.drain();
    });

    it('a message that was not answered before a reset is sent again', soon, async () => {
      const wss = await serve();
      const app = startClients(portOf(wss));
      const [first] = (await once(wss, 'connection')) as [WebSocket];
      const [message] = await once(first, 'message');
      first.abort();
      await app.prints(/disconnect: reset, origin peer/);
      const [second] = (await once(wss, 'connection')) as [WebSocket];
      const [again] = await once(second, 'message');
      assert.equal(String(again), String(message));
      second.send(String(again));
      await app.prints(/answer: hello/);
      await app.stop();
      await wss.drain();
    });

    it('a client that is refused by 1008 does not come back, and its process ends by itself', soon, async () => {
      const wss = await serve();
      let connections = 0;
      wss.on('connection', (ws) => {
        connections++;
        ws.close(1008);
      });
      const app = startClients(portOf(wss));
      assert.equal(await app.end(), 0);
      assert.equal(connections, 1);
      assert.match(app.output, /disconnect: clean, origin peer/);
      assert.doesNotMatch(app.output, /attempt/);
      await wss.drain();
    });

    it('the server of the example restarts, and answers after that', soon, async () => {
      const server = startApp('reconnecting-client');
      const port = await portOfApp(server);
      const app = startClients(port);
      await app.prints(/answer: hello/);
      const { length } = app.output;
      server.send('shutdown');
      assert.equal(await server.end(), 0);
      await app.prints(/disconnect: clean, origin peer/);
      const next = startApp('reconnecting-client', ['index.js'], { PORT: port });
      await portOfApp(next);
      await app.prints(/connected/, length);
      await app.stop();
      await next.prints(/disconnect: /);
      await next.stop();
    });

    if (process.platform !== 'win32') {
      it('SIGTERM closes the connections, and the process ends by itself', soon, async () => {
        const wss = await serve();
        const app = startClients(portOf(wss), 3);
        while (wss.clients.size < 3) await once(wss, 'connection');
        const codes = Promise.all([...wss.clients].map(async (ws) => (await once(ws, 'close'))[0]));
        assert.equal(await app.stop(), 0);
        assert.deepEqual(await codes, [1000, 1000, 1000]);
        await wss.drain();
      });

      it('SIGTERM ends a process that waits for its next attempt', soon, async () => {
        const wss = await serve();
        const app = startClients(portOf(wss));
        await once(wss, 'connection');
        await wss.drain({ code: 1012 });
        await waits(app, 0, 1);
        assert.equal(await app.stop(), 0);
      });
    }
  });
