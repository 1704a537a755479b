/** examples/windows-service: the process that a service manager starts ends the server in bounded time. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { appsFolder, closeOf, connectTo, nextMessage, portOfApp, soon, startApp } from './apps.js';

export const windowsService = () =>
  describe('windows-service', () => {
    it("the message 'shutdown' drains the server, and both processes end", soon, async () => {
      const service = startApp('windows-service', ['service.js']);
      const ws = await connectTo(await portOfApp(service));
      ws.send('hello');
      assert.equal(await nextMessage(ws), 'hello');
      const closed = closeOf(ws);
      service.send('shutdown');
      assert.deepEqual(await closed, [1001, '']);
      assert.equal(await service.end(), 0);
      assert.match(service.output, /disconnect: clean, origin local/);
    });

    if (process.platform !== 'win32') {
      it('a signal does the same', soon, async () => {
        const service = startApp('windows-service', ['service.js']);
        const closed = closeOf(await connectTo(await portOfApp(service)));
        assert.equal(await service.stop(), 0);
        assert.deepEqual(await closed, [1001, '']);
      });
    }

    it('a server that does not end is killed', soon, async () => {
      const deaf = join(appsFolder(), 'windows-service', 'deaf.js');
      writeFileSync(
        deaf,
        "process.on('message', (m) => console.log('asked:', m)); console.log('deaf'); setInterval(() => {}, 1000);",
      );
      const service = startApp('windows-service', ['service.js', deaf], { STOP_TIMEOUT: '500' });
      await service.prints(/deaf/);
      service.send('shutdown');
      assert.equal(await service.end(), 1);
      assert.match(service.output, /asked: shutdown/);
    });

    it('a server that fails ends the service with its code', soon, async () => {
      const failing = join(appsFolder(), 'windows-service', 'failing.js');
      writeFileSync(failing, 'process.exit(7);');
      assert.equal(await startApp('windows-service', ['service.js', failing]).end(), 7);
    });

    it('a server whose service was killed drains, and ends', soon, async () => {
      const service = startApp('windows-service', ['service.js']);
      const closed = closeOf(await connectTo(await portOfApp(service)));
      await service.stop('SIGKILL'); // resolves when the server, which has the same stdout, has ended too
      assert.deepEqual(await closed, [1001, '']);
      assert.match(service.output, /disconnect: clean, origin local/);
    });
  });
