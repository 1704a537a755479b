/** examples/electron, with a stand-in for Electron, whose binary npm does not carry. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { closeOf, connectTo, portOfApp, soon, startApp } from './apps.js';

export const electron = () =>
  describe('electron', () => {
    it('quits when all connections are closed, also where one does not answer', soon, async () => {
      const app = startApp('electron', ['main.js']);
      const port = await portOfApp(app);
      const [ws, silent] = await Promise.all([connectTo(port), connectTo(port)]);
      silent.pause();
      const closed = closeOf(ws);
      app.send('quit');
      assert.deepEqual(await closed, [1001, '']);
      assert.equal(await app.end(), 0);
      assert.match(app.output, /disconnect: clean, origin local/);
      assert.match(app.output, /disconnect: close-timeout, origin peer/);
      silent.terminate();
    });

    it('pings when the machine has slept', soon, async () => {
      const app = startApp('electron', ['main.js']);
      const ws = await connectTo(await portOfApp(app));
      const pinged = once(ws, 'ping');
      app.send('resume');
      await pinged;
      await app.stop();
    });
  });
