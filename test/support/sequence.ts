/**
 * The project's invariant as a property for fast-check: whatever the application and the peer do, in any order, a
 * connection emits one 'disconnect' and one 'close' in bounded time, with a known cause, and leaves no handle behind.
 */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import type WebSocket from 'ws-linger';
import { closeSentence, settled } from 'ws-linger';
import { openHandles, until } from './end.js';
import { openPair, type Pair, type PairOptions, socketOf } from './pairs.js';

const LIMITS = { closeTimeout: 25, closeDeadline: 250 } as const;

/** closeDeadline, the watchdog's second after it, and 5 s for a busy machine. */
const BOUND_MS = LIMITS.closeDeadline + 1_000 + 5_000;

const ACTIONS = {
  'caller sends': ({ ws }) => ws.send('hello'),
  'caller sends 4 MB': ({ ws }) => ws.send(Buffer.alloc(4 << 20)),
  'caller pings': ({ ws }) => ws.ping(),
  'caller closes': ({ ws }) => ws.close(1000, 'done'),
  'caller closes in 5 ms': ({ ws }) => void ws.closeAsync(1001, '', { timeout: 5 }),
  'caller terminates': ({ ws }) => ws.terminate(),
  'caller aborts': ({ ws }) => ws.abort(),
  'caller pauses': ({ ws }) => ws.pause(),
  'caller resumes': ({ ws }) => ws.resume(),
  "caller closes inside the next 'message'": ({ ws }) => void ws.once('message', () => ws.close()),
  "caller aborts inside 'disconnect'": ({ ws }) => void ws.once('disconnect', () => ws.abort()),
  'caller ends the socket': ({ ws }) => void socketOf(ws).end(),
  'caller destroys the socket': ({ ws }) => void socketOf(ws).destroy(),
  'peer sends': ({ peer, frames }) => void peer.write(frames.hello),
  'peer sends half a frame': ({ peer, frames }) => void peer.write(frames.half),
  'peer sends a close frame': ({ peer, frames }) => void peer.write(frames.close),
  'peer breaks the protocol': ({ peer }) => void peer.write(Buffer.from([0xff, 0xff, 0xff, 0xff])),
  'peer sends FIN': ({ peer }) => void peer.end(),
  'peer resets': ({ reset }) => reset(),
  'peer destroys its socket': ({ peer }) => void peer.destroy(),
  'peer stops reading': ({ peer }) => void peer.pause(),
  'peer reads on': ({ peer }) => void peer.resume(),
  'the loop turns': () => new Promise((turn) => setImmediate(turn)),
  'some ms pass': () => delay(10),
} satisfies Record<string, (pair: Pair) => unknown>;

type Action = keyof typeof ACTIONS;

export interface Sequence extends Pick<PairOptions, 'role' | 'transport' | 'make'> {
  actions: Action[];
}

export const sequences: fc.Arbitrary<Sequence> = fc.record({
  role: fc.constantFrom('server' as const, 'client' as const),
  transport: fc.constantFrom('tcp' as const, 'tls' as const, 'pipe' as const),
  make: fc.constantFrom('ours' as const, 'attached' as const),
  actions: fc.array(fc.constantFrom(...(Object.keys(ACTIONS) as Action[])), { minLength: 1, maxLength: 12 }),
});

/** Sequences that broke the invariant in the past. Every run tries them first. */
export const REGRESSIONS: [Sequence][] = [
  [{ role: 'server', transport: 'tcp', make: 'ours', actions: ['caller ends the socket'] }],
  [
    {
      role: 'server',
      transport: 'pipe',
      make: 'ours',
      actions: ['caller sends 4 MB', 'the loop turns', 'peer destroys its socket', 'caller sends'],
    },
  ],
];

/** Runs one sequence. Throws if the invariant does not hold. */
export async function runSequence({ role, transport, make, actions }: Sequence): Promise<void> {
  const before = openHandles();
  const pair = await openPair({ role, transport, make, linger: { ...LIMITS, logger: false } });
  const { ws } = pair;
  const events: string[] = [];
  ws.on('error', () => events.push('error'));
  ws.on('disconnect', () => events.push('disconnect'));
  ws.on('close', () => events.push('close'));
  pair.peer.resume();

  for (const action of actions) {
    // A pipe has no reset.
    if (action === 'peer resets' && transport === 'pipe') continue;
    await ACTIONS[action](pair);
  }

  const began = performance.now();
  const info = await Promise.race([ws.closeAsync(), delay(BOUND_MS, null, { ref: false })]);
  assert.ok(info, `no end within ${BOUND_MS} ms: readyState ${ws.readyState}, events ${events}`);
  assert.ok(performance.now() - began < BOUND_MS);
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  checkEnd(ws, info, events);
  assert.equal(pair.clients?.size ?? 0, 0, 'clients is empty');

  pair.stop();
  await settled();
  await until('all handles are gone', () => openHandles() <= before);
}

function checkEnd(ws: WebSocket, info: WebSocket.CloseInfo, events: string[]): void {
  const ends = events.filter((event) => event !== 'error');
  assert.deepEqual(ends, ['disconnect', 'close'], `events ${events}`);
  assert.equal(ws.readyState, ws.CLOSED);
  assert.equal(ws.closeInfo, info);
  const details = JSON.stringify(info);
  assert.notEqual(info.kind, 'unknown', details);
  assert.equal(info.kind === 'clean', info.clean && info.kind !== 'protocol-error', details);
  if (info.kind === 'reset' || info.kind === 'aborted') assert.ok(info.error, details);
  const { bytesReceived, bytesSent, bytesUnsent, elapsedMs, openMs, idleMs } = info;
  for (const count of [bytesReceived ?? 0, bytesSent ?? 0, bytesUnsent, elapsedMs, openMs, idleMs ?? 0]) {
    assert.ok(count >= 0, details);
  }
  assert.ok((idleMs ?? 0) <= openMs, details);
  assert.notEqual(closeSentence(info), '', details);
}
