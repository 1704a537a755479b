/** examples/proxy: what one side does reaches the other one, ends included. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import WebSocket, { WebSocketServer } from 'ws-linger';
import type { Program } from '../support/child.js';
import { portOf } from '../support/end.js';
import { closeOf, connectTo, nextMessage, portOfApp, soon, startApp } from './apps.js';

const MB = 1 << 20;

export const proxy = () =>
  describe('proxy', { concurrency: 1 }, () => {
    let target: WebSocketServer;
    let app: Program;
    let port: number;
    before(async () => {
      target = new WebSocketServer({ port: 0, handleProtocols: (offered) => [...offered].at(-1) ?? false });
      app = startApp('proxy', ['index.js'], { TARGET: `ws://localhost:${portOf(target)}` });
      port = await portOfApp(app);
    });
    after(async () => {
      await target.drain({ timeout: 1 });
      await app.stop();
    });

    /** A client, and its connection as the target has it. */
    async function join(subprotocols?: string[]): Promise<[client: WebSocket, target: WebSocket]> {
      const connection = once(target, 'connection');
      const client = await connectTo(port, '/', subprotocols);
      return [client, (await connection)[0]];
    }

    it('a client that resets ends the connection to the target, which is told why', soon, async () => {
      const [client, ws] = await join();
      const closed = closeOf(ws);
      client.abort();
      assert.deepEqual(await closed, [1001, 'client: reset']);
      await app.prints(/disconnect: reset, origin peer \(client\)/);
    });

    it('a target that resets ends the connection of the client, which is told why', soon, async () => {
      const [client, ws] = await join();
      client.send('here');
      await once(ws, 'message');
      const closed = closeOf(client);
      ws.abort();
      assert.deepEqual(await closed, [1014, 'target: reset']);
      await app.prints(/disconnect: reset, origin peer \(target\)/);
    });

    it('a target that reads nothing does not keep the proxy after its client has reset', soon, async () => {
      const [client, ws] = await join();
      const { length } = app.output;
      ws.pause();
      client.abort();
      await app.prints(/disconnect: close-timeout, origin peer \(target\)/, length);
      ws.resume();
      assert.deepEqual(await closeOf(ws), [1001, 'client: reset']);
    });

    for (const [name, from] of [
      ['client', 0],
      ['target', 1],
    ] as const) {
      it(`the code and the reason of the ${name} pass`, soon, async () => {
        const pair = await join();
        const closed = Promise.all(pair.map(closeOf));
        pair[from].close(4001, 'bye');
        assert.deepEqual(await closed, [
          [4001, 'bye'],
          [4001, 'bye'],
        ]);
      });

      it(`a close of the ${name} without a code passes`, soon, async () => {
        const pair = await join();
        const closed = Promise.all(pair.map(closeOf));
        pair[from].close();
        assert.deepEqual(await closed, [
          [1005, ''],
          [1005, ''],
        ]);
      });

      it(`a ${name} that reads slowly gets everything, and slows the other side down`, soon, async () => {
        const pair = await join();
        const [slow, sender] = [pair[from], pair[1 - from] as WebSocket];
        const got: number[] = [];
        slow.on('message', (data: Buffer) => {
          assert.equal(data.length, MB);
          got.push(data[0] as number);
        });
        slow.pause();
        for (let i = 0; i < 64; i++) sender.send(Buffer.alloc(MB, i), { compress: false });
        sender.close(4002);
        // Meanwhile the proxy serves others, and could have read everything.
        const [client, ws] = await join();
        for (let i = 0; i < 100; i++) {
          client.send('');
          await once(ws, 'message');
        }
        assert.ok(sender.bufferedAmount > 16 * MB, `${sender.bufferedAmount}`);
        assert.deepEqual(got, []);
        slow.resume();
        assert.deepEqual(await closeOf(slow), [4002, '']);
        assert.deepEqual(
          got,
          Array.from({ length: 64 }, (_, index) => index),
        );
        client.close();
      });
    }

    it("text stays text, and the target's choice of a subprotocol passes", soon, async () => {
      const [client, ws] = await join(['one', 'two']);
      assert.deepEqual([client.protocol, ws.protocol], ['two', 'two']);
      client.send('text');
      const [, isBinary] = await once(ws, 'message');
      assert.equal(isBinary, false);
      ws.send(Buffer.from('binary'));
      assert.deepEqual(await once(client, 'message'), [Buffer.from('binary'), true]);
      client.close();
    });

    it('a client is refused by 502 where the target is away', soon, async () => {
      const away = new WebSocketServer({ port: 0 });
      const TARGET = `ws://localhost:${portOf(away)}`;
      away.close();
      const alone = startApp('proxy', ['index.js'], { TARGET });
      const ws = new WebSocket(`ws://localhost:${await portOfApp(alone)}`);
      const [, response] = await once(ws, 'unexpected-response');
      assert.equal(response.statusCode, 502);
      ws.on('error', () => {});
      ws.terminate();
      await alone.stop();
    });

    for (const [what, target, key, subprotocols] of [
      ['the URL of another host', 'http://127.0.0.1:1/', 'dGhlIHNhbXBsZSBub25jZQ==', 'one'],
      ['a subprotocol twice', '/', 'dGhlIHNhbXBsZSBub25jZQ==', 'one, one'],
      ['a key that is none', '/', 'short', 'one'],
    ] as const) {
      it(`a request with ${what} is refused by 400`, soon, async () => {
        const socket = net.connect(port, 'localhost');
        socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`);
        socket.write(`Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n`);
        socket.write(`Sec-WebSocket-Protocol: ${subprotocols}\r\n\r\n`);
        assert.match(await text(socket), /^HTTP\/1.1 400 /);
      });
    }

    it('the proxy has survived all that', soon, async () => {
      const [client, ws] = await join();
      ws.send('hello');
      assert.equal(await nextMessage(client), 'hello');
      client.close();
      await closeOf(ws);
      while (target.clients.size > 0) await once([...target.clients][0] as WebSocket, 'close'); // what was refused leaves nothing
    });
  });
