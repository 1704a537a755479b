// attach() accepts servers and WebSockets of ws 8. It refuses everything else with a stable code and leaves it
// unchanged.
import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import { it } from 'node:test';
import { attach } from 'ws-linger';
import type Upstream from 'ws-upstream';
import { portOf } from './support/end.js';

const refused = { name: 'TypeError', code: 'WSL_ERR_NOT_ATTACHABLE' };
const ofOlderWs = { ...refused, message: /of an older ws, .*take a release .*override "ws@\^8" rather than "ws"/ };

/** Everything about an object that attach() could change. */
const shapeOf = (target: object) => ({
  prototype: Object.getPrototypeOf(target),
  own: Object.getOwnPropertyDescriptors(target),
  options: { ...(target as { options?: object }).options },
});

const listenersOf = (emitter: EventEmitter | null | undefined) =>
  emitter?.eventNames().map((name) => [name, emitter.listeners(name)]);

it('refuses the server and the WebSockets of ws 7, which go on working', async () => {
  const Old: typeof Upstream = require('ws-7');
  const wss = new Old.Server({ host: '127.0.0.1', port: 0 });
  await once(wss, 'listening');
  const client = new Old(`ws://127.0.0.1:${portOf(wss)}`);
  const [[ws]] = (await Promise.all([once(wss, 'connection'), once(client, 'open')])) as [[Upstream], unknown];

  for (const target of [wss, ws, client]) {
    const inner = target as unknown as { _server?: EventEmitter; _socket?: EventEmitter };
    const snapshot = () => [shapeOf(target), listenersOf(target), listenersOf(inner._server ?? inner._socket)];
    const before = snapshot();
    assert.throws(() => attach(target as Upstream), ofOlderWs);
    assert.throws(() => attach(target as Upstream, { closeTimeout: 100 }), ofOlderWs);
    assert.deepEqual(snapshot(), before);
  }

  ws.on('message', (data) => ws.send(data));
  client.send('hello');
  assert.equal(String((await once(client, 'message'))[0]), 'hello');
  client.close(1000);
  const ends = await Promise.all([once(ws, 'close'), once(client, 'close')]);
  assert.deepEqual(
    ends.map(([code]) => code),
    [1000, 1000],
  );
  wss.close();
});

class Other {}
class OtherSocket {
  _socket = null;
  emitClose() {}
  terminate() {}
}

for (const [what, target] of Object.entries({
  undefined: undefined,
  null: null,
  'a string': 'server',
  'an object': {},
  'an array': [],
  'a function': () => {},
  'an object without a prototype': Object.create(null),
  'a server without options': { handleUpgrade() {} },
  'a server whose options are undefined': { handleUpgrade() {}, options: undefined },
  'a server without a WebSocket class': { handleUpgrade() {}, options: {} },
  "a server of another package's class": { handleUpgrade() {}, options: { WebSocket: Other } },
  "another package's WebSocket": new OtherSocket(),
})) {
  it(`refuses ${what}`, () => {
    assert.throws(() => attach(target as never), refused);
  });
}
