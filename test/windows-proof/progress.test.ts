// SIO_TCP_INFO on Windows: look() tells what a slow, a stopped, a reading and a cut-off reader has taken. Wine has no such
// request, which a skip says there.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it, type TestContext } from 'node:test';
import type { TransportLook } from '../../dist/socket-control/contract.js';
import { loadNative } from '../../dist/socket-control/load.js';
import { NativeControl, resolveConnection } from '../../dist/socket-control/native.js';
import { until, watchEnd } from '../support/end.js';
import { openPair, socketOf } from '../support/pairs.js';
import { failUnlessWine, note } from '../support/proof.js';
import { tcpPair } from '../support/tcp-pair.js';

const MB = 1024 * 1024;
const SENT = 16 * MB;

/** Opens a connection of which the accepted side has sent SENT bytes to a peer that has not begun to read. */
async function open(t: TestContext) {
  const { binding, reason } = loadNative();
  assert.ok(binding, reason);
  const pair = await tcpPair();
  const found = resolveConnection(binding, pair.socket);
  assert.ok(found);
  const control = new NativeControl(binding, found, pair.socket);
  const look = () => control.look() as TransportLook;
  if (look() === null) {
    pair.stop();
    return failUnlessWine(t, 'the system does not answer SIO_TCP_INFO');
  }
  pair.peer.pause();
  for (let i = 0; i < SENT / MB; i++) pair.socket.write(Buffer.alloc(MB));
  return { ...pair, look };
}

it('an idle connection has nothing on its way, and its peer has room', async (t) => {
  const opened = await open(t);
  if (!opened) return;
  const { socket, peer, look, stop } = opened;
  peer.resume();
  await until('the peer has read all', () => peer.bytesRead === SENT);
  await until('all is acknowledged', () => look().unacknowledged === 0);
  assert.equal(look().peerWindow, 'open');
  socket.write('x');
  await until('one more byte is acknowledged', () => look().unacknowledged === 0);
  stop();
});

it('a peer that does not read has a zero window, and takes nothing more', async (t) => {
  const opened = await open(t);
  if (!opened) return;
  const { look, stop } = opened;
  await until('the window is zero', () => look().peerWindow === 'zero');
  const before = look();
  note(t, 'a stopped reader', JSON.stringify(before));
  for (let i = 0; i < 200; i++) await new Promise((turn) => setTimeout(turn, 10));
  assert.equal(look().unacknowledged, before.unacknowledged);
  assert.equal(look().peerWindow, 'zero');
  stop();
});

it('what a slow reader takes is seen, though this system has accepted no more', async (t) => {
  const opened = await open(t);
  if (!opened) return;
  const { socket, peer, look, stop } = opened;
  await until('the window is zero', () => look().peerWindow === 'zero');
  const { unacknowledged } = look();
  let read = 0;
  while (read < 4 * MB) {
    read += peer.read(Math.min(64 * 1024, peer.readableLength || 1))?.length ?? 0;
    await new Promise(setImmediate);
  }
  await until('the peer has taken a part', () => look().unacknowledged <= unacknowledged - 2 * MB);
  note(t, 'a slow reader', `${unacknowledged - look().unacknowledged} of ${read} bytes are acknowledged`);
  socket.destroy();
  stop();
});

it('a connection that its peer has cut off tells nothing', async (t) => {
  const opened = await open(t);
  if (!opened) return;
  const { socket, peer, look, stop } = opened;
  const closed = once(socket, 'close');
  peer.resetAndDestroy();
  await closed;
  assert.equal(look(), null);
  stop();
});

it('a close is told as long as a slow reader takes what was sent', async (t) => {
  const opened = await open(t);
  if (!opened) return;
  opened.stop();
  const linger = { closeTimeout: 500, closeDeadline: 30_000, logger: false, control: 'native' } as const;
  const { ws, peer, stop } = await openPair({ make: 'ours', role: 'server', linger });
  peer.pause();
  for (let i = 0; i < 8; i++) ws.send(Buffer.alloc(MB));
  const ended = watchEnd(ws);
  ws.close(1000);
  const began = performance.now();
  let isOver = false;
  ended.then(() => {
    isOver = true;
  });
  while (!isOver) {
    peer.read(Math.min(64 * 1024, peer.readableLength || 1));
    if (peer.bytesRead > 8 * MB) peer.resume().end(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]));
    await new Promise((turn) => setTimeout(turn, 50));
  }
  const { info } = await ended;
  note(t, 'a close to a slow reader', `${info.kind} after ${Math.round(performance.now() - began)} ms`);
  assert.deepEqual([info.kind, info.clean], ['clean', true]);
  assert.ok(socketOf(ws) === null || socketOf(ws).destroyed);
  stop();
});
