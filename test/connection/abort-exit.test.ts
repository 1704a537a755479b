// abort() and process.exit() in one tick: libuv has no turn left in which it could close the socket later.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import { forkScript } from '../support/child.js';
import { STALL_BYTES } from '../support/pairs.js';
import { assertReset, connectPeer, endOf, textFrame } from '../support/peer.js';

for (const state of ['idle', 'write in flight']) {
  it(`abort() and process.exit() in one tick send RST (${state})`, async () => {
    const server = forkScript('edges/abort-exit', [state]);
    const [port] = (await once(server, 'message')) as [number];
    const peer = await connectPeer(port);
    const seen = endOf(peer);
    if (state !== 'idle') peer.pause();
    peer.write(textFrame('ready'));
    const [code] = await once(server, 'exit');
    assert.equal(code, 7);
    peer.resume();
    await assertReset(peer, await seen);
    assert.ok(peer.bytesRead < STALL_BYTES, `the peer has read ${peer.bytesRead} bytes`);
    peer.destroy();
  });
}
