import assert from 'node:assert/strict';
import type WebSocket from 'ws-linger';
import type Upstream from 'ws-upstream';

/** What a server of this package has counted: no connection is left, and each that was opened has ended. */
export function assertAllEnded(server: Upstream.Server): void {
  const { connections, opened, ended, lingering } = (server as unknown as WebSocket.Server).stats();
  assert.deepEqual(connections, { opening: 0, open: 0, handshake: 0, fin: 0, cut: 0 });
  assert.equal(
    Object.values(ended).reduce((sum, count) => sum + count, 0),
    opened,
    'each connection has ended once',
  );
  assert.equal(lingering.now, 0, 'no socket lingers');
}
