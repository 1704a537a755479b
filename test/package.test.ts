// The package as those who import it see it.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { it } from 'node:test';
import { pathToFileURL } from 'node:url';
import Upstream from 'ws-upstream';

const require_ = createRequire(__filename);
const common = require_('ws-linger');

it('require() gives the WebSocket class with everything ws puts on it', () => {
  assert.equal(typeof common, 'function');
  assert.equal(common.name, 'WebSocket');
  assert.ok(Object.create(common.prototype) instanceof Upstream);
  for (const name of Object.keys(Upstream)) assert.ok(Object.hasOwn(common, name), name);
  assert.equal(common.WebSocket, common);
  assert.equal(common.Server, common.WebSocketServer);
  assert.equal(common.Receiver, (Upstream as unknown as typeof common).Receiver);
});

it('import gives the same objects', async () => {
  const module = await import(pathToFileURL(require_.resolve('ws-linger').replace('index.js', 'wrapper.mjs')).href);
  const upstream = await import(pathToFileURL(require_.resolve('ws-upstream').replace('index.js', 'wrapper.mjs')).href);
  assert.equal(module.default, common);
  assert.equal(module.WebSocket, common);
  assert.equal(module.WebSocketServer, common.WebSocketServer);
  for (const name of Object.keys(upstream)) assert.ok(name in module, name);
});

it("the class has the attributes of ws's, as own properties", () => {
  for (const [ours, theirs] of [
    [common, Upstream],
    [common.prototype, Upstream.prototype],
  ]) {
    for (const [name, wanted] of Object.entries(Object.getOwnPropertyDescriptors(theirs))) {
      if (!wanted.enumerable || typeof wanted.value === 'function') continue;
      const descriptor = Object.getOwnPropertyDescriptor(ours, name);
      assert.equal(descriptor?.enumerable, true, name);
    }
  }
});
