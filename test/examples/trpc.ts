/** examples/trpc: subscriptions end with their connections, and both ways to ask a silent client are on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import type WebSocket from 'ws-linger';
import { closeOf, connectTo, portOfApp, soon, startApp } from './apps.js';

let calls = 0;

/** A client that keeps what it receives. */
class Client {
  readonly ws: WebSocket;
  readonly #received: string[] = [];

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on('message', (data) => this.#received.push(String(data)));
  }

  /** Waits for a message with all these parts. */
  async receives(...parts: string[]): Promise<void> {
    while (!this.#received.some((message) => parts.every((part) => message.includes(part)))) {
      await once(this.ws, 'message');
    }
  }

  /** Calls a procedure, and waits for an answer to the call that has this in it. Resolves with the number of the call. */
  async #call(method: string, params: object, answer: string): Promise<number> {
    const id = ++calls;
    this.ws.send(JSON.stringify({ id, method, params }));
    await this.receives(`"id":${id},`, answer);
    return id;
  }

  subscribe = () => this.#call('subscription', { path: 'said' }, '"type":"started"');
  say = (input: string) => this.#call('mutation', { path: 'say', input }, `"data":"${input}"`);
}

const connect = async (port: number) => new Client(await connectTo(port));

export const trpc = () =>
  describe('trpc', () => {
    it('a subscription ends when its client resets, and others go on', soon, async () => {
      const app = startApp('trpc');
      const port = await portOfApp(app);
      const [leaving, staying] = await Promise.all([connect(port), connect(port)]);
      const [, id] = await Promise.all([leaving.subscribe(), staying.subscribe()]);
      leaving.ws.abort();
      await app.prints(/subscription: ends/);
      await staying.say('still here');
      await staying.receives(`"id":${id},"result":{"type":"data","data":"still here"}`);
      assert.equal(app.output.match(/subscription: ends/g)?.length, 1, app.output);
      assert.match(app.output, /disconnect: reset, origin peer/);
      await app.stop();
    });

    it(
      "tRPC's keepAlive beside heartbeat: who answers both stays, who answers pings alone is told as local-abort",
      soon,
      async () => {
        const app = startApp('trpc', ['index.js'], { SILENCE: '300' });
        const port = await portOfApp(app);
        const [answersPings, answersBoth] = await Promise.all([connect(port), connect(port)]);
        let asked = 0;
        answersBoth.ws.on('message', (data) => {
          if (String(data) !== 'PING') return;
          asked++;
          answersBoth.ws.send('PONG');
        });
        await Promise.all([app.prints(/disconnect: local-abort, origin local/), once(answersPings.ws, 'close')]);
        assert.ok(asked > 1, `${asked}`);
        await answersBoth.say('still here');
        assert.equal(app.output.match(/disconnect/g)?.length, 1, app.output);
        await app.stop();
      },
    );

    it('clients are asked to reconnect before their connections are closed', soon, async () => {
      const app = startApp('trpc');
      const client = await connect(await portOfApp(app));
      await client.subscribe();
      app.send('shutdown');
      const closed = closeOf(client.ws);
      await client.receives('"method":"reconnect"');
      assert.deepEqual(await closed, [1001, '']);
      assert.equal(await app.end(), 0);
      assert.match(app.output, /subscription: ends/);
    });
  });
