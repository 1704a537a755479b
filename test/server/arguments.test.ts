// What the guards are given is checked before anything is touched.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { it } from 'node:test';
import { guardProcess, guardServer, guardSocket } from 'ws-linger';

for (const wrong of [undefined, null, 5, {}, 'a server']) {
  it(`guardServer() and guardSocket() refuse ${JSON.stringify(wrong) ?? 'undefined'}`, () => {
    assert.throws(() => guardServer(wrong as never), { name: 'TypeError', code: 'WSL_ERR_NOT_ATTACHABLE' });
    assert.throws(() => guardSocket(wrong as never), { name: 'TypeError', code: 'WSL_ERR_NOT_ATTACHABLE' });
  });
}

it('the guards refuse wrong options, and leave the server and the socket as they were', () => {
  const server = http.createServer();
  const socket = new net.Socket();
  const before = [Reflect.ownKeys(server), socket.eventNames()];
  for (const [options, code] of [
    [null, 'WSL_ERR_OPTION_TYPE'],
    [{ upgradeTimeout: 0 }, 'WSL_ERR_OPTION_RANGE'],
    [{ loger: false }, 'WSL_ERR_UNKNOWN_OPTION'],
  ] as [never, string][]) {
    assert.throws(() => guardServer(server, options), { code });
    assert.throws(() => guardSocket(socket, options), { code });
    assert.throws(() => guardProcess(options), { code });
  }
  assert.deepEqual([Reflect.ownKeys(server), socket.eventNames()], before);
});
