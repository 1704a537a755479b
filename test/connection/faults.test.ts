// Runs every fault of support/faults.ts: on servers and clients, over each transport, with this package's classes and
// with plain ws's after attach(). It also checks what plain ws itself reports, so that the table in docs/faults.md
// stays true.
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type WebSocket from 'ws-linger';
import { openHandles, until, watchEnd } from '../support/end.js';
import { FAULTS, type Fault } from '../support/faults.js';
import { type Make, openPair, type Role, type Transport } from '../support/pairs.js';
import type { Inner } from '../support/side-by-side.js';

const LINGER = { closeTimeout: 300, closeDeadline: 3_000, logger: false } as const;

/** How long a test waits for 'close' of plain ws, whose own limit is 30 s or none. */
const PLAIN_MS = 1_500;

const TRANSPORTS: Transport[] = ['tcp', 'tcp6', 'tls', 'pipe'];
const before = openHandles();
let leakedByNode = 0;

function isPossible(fault: Fault, role: Role, transport: Transport): boolean {
  return (fault.role ?? role) === role && (fault.only ?? TRANSPORTS).includes(transport);
}

async function checkCloseInfo(fault: Fault, make: Make, role: Role, transport: Transport): Promise<void> {
  if (fault.leaksInNode) leakedByNode++;
  const pair = await openPair({ make, role, transport, linger: LINGER });
  const { ws } = pair;
  ws.on('error', () => {});
  const ended = watchEnd(ws);
  await fault.cause(pair);
  const { info } = await ended;
  for (const [name, wanted] of Object.entries(fault.ours)) {
    assert.equal(info[name as keyof WebSocket.CloseInfo], wanted, `${name} in ${JSON.stringify(info)}`);
  }
  assert.equal(pair.clients?.size ?? 0, 0);
  assert.equal((ws as unknown as Inner)._closeTimer?._idleTimeout ?? -1, -1, 'no timer is left');
  pair.stop();
}

for (const role of ['server', 'client'] as const) {
  for (const transport of TRANSPORTS) {
    describe(`a ${role}'s connection over ${transport} ends as it should`, () => {
      for (const fault of FAULTS.filter((one) => isPossible(one, role, transport))) {
        it(`when ${fault.name}`, () => checkCloseInfo(fault, 'ours', role, transport));
      }
    });
  }
  describe(`a ${role}'s connection made by plain ws ends as it should after attach()`, () => {
    for (const fault of FAULTS.filter((one) => isPossible(one, role, 'tcp'))) {
      it(`when ${fault.name}`, () => checkCloseInfo(fault, 'attached', role, 'tcp'));
    }
  });
}

/** Returns the code of plain ws's 'close' event after a fault on a server's connection, or 'no close'. */
async function closeOfPlain(fault: Fault, transport: Transport): Promise<number | 'no close'> {
  if (fault.leaksInNode) leakedByNode++;
  const pair = await openPair({ make: 'plain', role: 'server', transport });
  const { ws } = pair;
  ws.on('error', () => {});
  const closed = new Promise<number>((resolve) => ws.once('close', resolve));
  await fault.cause(pair);
  const seen = await Promise.race([closed, delay(PLAIN_MS, 'no close' as const, { ref: false })]);
  if (seen === 'no close') assert.equal(pair.clients?.size, 1, 'the connection stays in clients');
  pair.stop();
  return seen;
}

describe('plain ws, for comparison, reports', () => {
  for (const fault of FAULTS.filter(({ plain }) => plain !== undefined)) {
    const transport = fault.only?.[0] ?? 'tcp';
    it(`${fault.plain} when ${fault.name}`, async () => {
      assert.equal(await closeOfPlain(fault, transport), fault.plain);
    });
  }
});

after(() => until('all handles are gone', () => openHandles() <= before + leakedByNode));
