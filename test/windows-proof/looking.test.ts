// What probe() learns of a connection on Windows without reading from it.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type net from 'node:net';
import { it } from 'node:test';
import { loadNative } from '../../dist/socket-control/load.js';
import { NativeControl, resolveConnection } from '../../dist/socket-control/native.js';
import { until } from '../support/end.js';
import { endOf } from '../support/peer.js';
import { note } from '../support/proof.js';
import { tcpPair } from '../support/tcp-pair.js';

const { binding, reason } = loadNative();

/** Opens a connection whose accepted side does not read until it is resumed, and the addon's control of that side. */
async function open() {
  assert.ok(binding, reason);
  const pair = await tcpPair({ pauseOnConnect: true });
  const handle = resolveConnection(binding, pair.socket);
  assert.ok(handle);
  return { ...pair, binding, handle, control: new NativeControl(binding, handle, pair.socket) };
}

const ENDS: [string, 'peer-closed' | 'reset', (peer: net.Socket) => void][] = [
  ['FIN', 'peer-closed', (peer) => peer.end()],
  ['RST', 'reset', (peer) => peer.resetAndDestroy()],
];

for (const [name, wanted, end] of ENDS) {
  it(`probe() detects ${name} on a connection that is not read`, async () => {
    const { peer, control, stop } = await open();
    assert.equal(control.probe(), 'connected');
    end(peer);
    await until(`${name} has arrived`, () => control.probe() === wanted);
    stop();
  });

  it(`probe() leaves ${name} to a read in flight`, async () => {
    const { socket, peer, control, stop } = await open();
    const seen = endOf(socket);
    assert.equal(control.probe(), 'connected');
    end(peer);
    while (control.probe() === 'connected') await new Promise(setImmediate);
    assert.equal(await seen, name === 'FIN' ? 'end' : 'ECONNRESET');
    stop();
  });
}

it('probe() detects a reset behind unread data', async () => {
  const { peer, control, stop } = await open();
  await new Promise<void>((accepted) => peer.write(Buffer.alloc(64 * 1024), () => accepted()));
  assert.equal(control.probe(), 'connected');
  peer.resetAndDestroy();
  await until('RST has arrived', () => control.probe() === 'reset');
  stop();
});

it('probe() between and during overlapped reads consumes and changes nothing', async () => {
  const { socket, peer, control, stop } = await open();
  socket.resume();
  const sent = createHash('sha256');
  const read = createHash('sha256');
  let probes = 0;
  socket.on('data', (chunk) => {
    read.update(chunk);
    for (let i = 0; i < 3; i++) assert.equal(control.probe(), 'connected');
    probes += 3;
  });
  const ended = once(socket, 'end');
  for (let i = 0; i < 256; i++) {
    const chunk = randomBytes(1 + ((i * 7919) % 65_536));
    sent.update(chunk);
    if (!peer.write(chunk)) await once(peer, 'drain');
    assert.equal(control.probe(), 'connected');
    probes++;
  }
  await until('all data is read', () => socket.bytesRead === peer.bytesWritten);
  peer.end();
  await ended;
  assert.equal(read.digest('hex'), sent.digest('hex'));
  assert.ok(probes > 256);
  stop();
});

it('abort() works on a connection that its peer has reset, even if getpeername fails', async (t) => {
  const { socket, peer, binding, handle, control, stop } = await open();
  peer.resetAndDestroy();
  await until('RST has arrived', () => control.probe() !== 'connected');
  note(t, 'getpeername after a reset', control.probe() === 'unknown' ? 'fails, so the handle is gone' : 'answers');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const outcomes: string[] = [];
  control.abort({ onAborted: (how) => outcomes.push(how) });
  await closed;
  assert.equal(outcomes.length, 1);
  note(t, 'abort() after a reset', String(outcomes));
  assert.equal(binding.abort(handle), -1);
  stop();
});
