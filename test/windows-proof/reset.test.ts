// abort() on Windows: the peer receives RST whatever is in flight, and the system keeps no trace of the connection.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type net from 'node:net';
import { describe, it } from 'node:test';
import { until, watchEnd } from '../support/end.js';
import { netstat } from '../support/netstat.js';
import { openPair, type Pair, type Role, STALL_BYTES, socketOf, stall, type Transport } from '../support/pairs.js';
import { endOf } from '../support/peer.js';
import { failUnlessWine, note } from '../support/proof.js';
import { tcpPair } from '../support/tcp-pair.js';
import { isWine } from '../support/wine.js';

const linger = { closeTimeout: 60_000, logger: false, control: 'native' } as const;

/** Sends more than the socket and its paused WebSocket buffer, so that unread input is left in the system. */
async function leaveUnread({ ws, peer, frames }: Pair): Promise<void> {
  ws.pause();
  const length = Buffer.from([0, 0, 0, 0x40, 0, 0]); // the rest of the length: 4 MiB
  peer.write(Buffer.concat([frames.half, length, Buffer.alloc(4 * 1024 * 1024)]));
  const socket = socketOf(ws);
  await until('the socket stops reading', () => socket.readableLength >= socket.readableHighWaterMark);
}

/** States of the connection at abort(). Unless it is paused, libuv has a read in flight. */
const STATES: [string, (pair: Pair) => unknown][] = [
  ['a read in flight', () => {}],
  ['a read and a write in flight', stall],
  ['unread input', leaveUnread],
  ['unread input and a write in flight', async (pair) => [await leaveUnread(pair), await stall(pair)]],
  ['end() waiting for a write in flight', async (pair) => [await stall(pair), socketOf(pair.ws).end()]],
  ['end() in the same tick', ({ ws }) => socketOf(ws).end()],
];

/** Returns the code of the error that the peer gets. If a FIN came before the RST, the peer's next write fails. */
async function errorOf(peer: net.Socket, seen: string): Promise<string> {
  if (seen !== 'end') return seen;
  const failed = new Promise<NodeJS.ErrnoException>((resolve) => peer.once('error', resolve));
  peer.write('anybody there?');
  return (await failed).code ?? '';
}

/** A write after the RST may fail with any of these codes. */
const RESET = /^(ECONNRESET|ECONNABORTED|EPIPE)$/;

for (const transport of ['tcp', 'tcp6', 'tls'] as const satisfies Transport[]) {
  for (const role of ['server', 'client'] as const satisfies Role[]) {
    describe(`abort() of a ${role}'s connection over ${transport} sends RST and leaves nothing, with`, () => {
      for (const [state, prepare] of STATES) {
        it(state, async (t) => {
          const pair = await openPair({ make: 'ours', role, transport, linger });
          const { localPort, remotePort } = pair.peer;
          assert.ok(localPort && remotePort);
          const shown = () => netstat(localPort, remotePort).length > 0;
          if (!shown()) failUnlessWine(t, `netstat does not show connections over ${transport}`);
          await prepare(pair);
          const stalled = pair.peer.isPaused();
          const reads = stalled ? null : endOf(pair.peer);
          const ended = watchEnd(pair.ws);
          pair.ws.abort();
          const { info } = await ended;
          assert.deepEqual([info.kind, info.forced], ['local-abort', 'reset']);

          const seen = await (reads ?? endOf(pair.peer));
          assert.ok(pair.peer.bytesRead < STALL_BYTES, 'bytes that wait to be sent are dropped');
          // On Wine, the Linux kernel delivers what a stalled peer has not read, and may report an end in place of a
          // reset.
          if (!stalled || !isWine()) assert.match(await errorOf(pair.peer, seen), RESET);
          await until('netstat no longer shows the connection', () => !shown());
          pair.stop();
        });
      }
    });
  }
}

// Sources contradict each other on whether Windows sends RST then, so the package reports 'destroy' and claims nothing.
for (const role of ['server', 'client'] as const satisfies Role[]) {
  it(`abort() of a ${role}'s connection after a FIN that its half-open peer has read`, async (t) => {
    const pair = await openPair({ make: 'ours', role, linger });
    const { localPort, remotePort } = pair.peer;
    assert.ok(localPort && remotePort);
    const shown = () => netstat(localPort, remotePort);
    const finRead = once(pair.peer.resume(), 'end');
    socketOf(pair.ws).end();
    await finRead;
    assert.equal(pair.peer.destroyed, false, 'the peer stays');
    await until('libuv has told of the shutdown', () => socketOf(pair.ws).writableFinished);
    const ended = watchEnd(pair.ws);
    pair.ws.abort();
    const { info } = await ended;
    assert.deepEqual([info.kind, info.forced], ['local-abort', 'destroy']);

    // With RST both rows go away at once. With FIN alone the peer's stays in CLOSE_WAIT until the peer closes.
    let isReset = true;
    await until('the rows are gone', () => shown().length === 0, 2_000).catch(() => {
      isReset = false;
    });
    note(t, 'abort() after FIN', isReset ? 'RST: both rows are gone' : `no RST: ${shown().join('; ')}`);
    pair.peer.destroy();
    pair.stop();
  });
}

it('netstat shows TIME_WAIT after a close without RST, so that its absence above proves RST', async (t) => {
  const { socket, peer, stop } = await tcpPair();
  const { localPort, remotePort } = socket;
  assert.ok(localPort && remotePort);
  const closed = Promise.all([once(socket, 'close'), once(peer, 'close')]);
  for (const side of [socket, peer]) side.resume().end();
  await closed;
  stop();
  if (netstat(localPort, remotePort).length === 0) failUnlessWine(t, 'netstat does not show TIME_WAIT');
});
