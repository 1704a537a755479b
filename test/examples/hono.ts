/** examples/hono: the routes and the WebSockets of one server. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { connectTo, nextMessage, portOfApp, soon, startApp } from './apps.js';

export const hono = () =>
  describe('hono', () => {
    it('answers messages of both types, and requests meanwhile', soon, async () => {
      const app = startApp('hono');
      const port = await portOfApp(app);
      const ws = await connectTo(port);
      ws.send('text');
      assert.equal(await nextMessage(ws), 'text');
      ws.send(Buffer.from([1, 2]));
      assert.deepEqual(await once(ws, 'message'), [Buffer.from([1, 2]), true]);
      assert.equal(await (await fetch(`http://localhost:${port}/health`)).text(), 'ok');
      ws.close();
      await app.prints(/disconnect: clean, origin peer/);
      await app.stop();
    });
  });
