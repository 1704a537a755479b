// The pure machine: what it asks for, and when.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Effect, type Event, initial, type State, step, WATCHDOG_MS } from '../dist/lifecycle.js';

const limits = { closeTimeout: 2_000, closeDeadline: 30_000, onTimeout: 'reset' } as const;

type Step = [at: number, event: Omit<Event, 'at' | 'progress'> & Record<string, unknown>, progress?: number];

function run(steps: Step[], from: State = initial): { state: State; effects: Effect[] } {
  let state = from;
  let effects: Effect[] = [];
  for (const [at, event, progress = 0] of steps)
    [state, effects] = step(state, { ...event, at, progress } as Event, limits);
  return { state, effects };
}

describe('a close', () => {
  const closing: Step[] = [
    [0, { type: 'open' }],
    [1_000, { type: 'close', by: 'local' }],
  ];

  it('is looked at again in a quarter of closeTimeout', () => {
    assert.deepEqual(run(closing).effects, [{ wakeIn: 500 }]);
  });

  it('gives up after closeTimeout without progress', () => {
    assert.deepEqual(run([...closing, [2_999, { type: 'tick' }]]).effects, [{ wakeIn: 1 }]);
    const { state, effects } = run([...closing, [3_000, { type: 'tick' }]]);
    assert.deepEqual(effects, ['reset', { wakeIn: WATCHDOG_MS }]);
    assert.deepEqual(state.cause, { type: 'close-timeout' });
    assert.equal(state.endedIn, 'handshake');
  });

  it('goes on while there is progress, until closeDeadline', () => {
    const steps = [...closing];
    for (let at = 1_500; at < 31_000; at += 500) steps.push([at, { type: 'tick' }, at]);
    assert.deepEqual(run(steps).effects, [{ wakeIn: 500 }]);
    assert.deepEqual(run([...steps, [31_000, { type: 'tick' }, 31_000]]).effects, ['reset', { wakeIn: WATCHDOG_MS }]);
  });

  it('keeps one clock through its phases', () => {
    const { state } = run([...closing, [1_900, { type: 'both-close-frames' }]]);
    assert.equal(state.phase, 'fin');
    assert.equal(state.endingSince, 1_000);
    assert.deepEqual(run([[3_000, { type: 'tick' }]], state).effects, ['reset', { wakeIn: WATCHDOG_MS }]);
  });

  it("emits 'close' itself when the socket does not report it after a reset", () => {
    const cut = run([...closing, [3_000, { type: 'tick' }]]).state;
    assert.deepEqual(run([[4_000, { type: 'tick' }]], cut).effects, ['emit-close']);
  });
});

describe('the first cause', () => {
  it('wins over what it brings about', () => {
    const { state } = run([
      [0, { type: 'open' }],
      [1, { type: 'abort' }],
      [2, { type: 'error', error: { code: 'EPIPE' } }],
      [3, { type: 'closed' }],
    ]);
    assert.deepEqual(state.cause, { type: 'local-abort' });
  });

  it('keeps the phase it was met in', () => {
    const { state } = run([
      [0, { type: 'open' }],
      [1, { type: 'close', by: 'local' }],
      [2, { type: 'error', error: { code: 'ECONNRESET' } }],
    ]);
    assert.equal(state.endedIn, 'handshake');
    assert.equal(state.endingSince, 1);
  });
});

it('any sequence of events is cut at most once, and nothing is asked for after the end', () => {
  const error = { code: 'ECONNRESET', errno: -104, syscall: 'read' };
  const event = fc.constantFrom<Omit<Event, 'at' | 'progress'>>(
    { type: 'open' },
    { type: 'close', by: 'local' } as never,
    { type: 'close', by: 'peer' } as never,
    { type: 'both-close-frames' },
    { type: 'fin', by: 'peer' } as never,
    { type: 'error', error } as never,
    { type: 'protocol-error', error } as never,
    { type: 'abort' },
    { type: 'destroy' },
    { type: 'tick' },
    { type: 'closed' },
  );
  const steps = fc.array(fc.tuple(fc.nat(40_000), event, fc.nat(3)), { maxLength: 30 });
  fc.assert(
    fc.property(steps, (list) => {
      let state = initial;
      let at = 0;
      let cuts = 0;
      for (const [wait, next, progress] of list) {
        at += wait;
        const ended = state.phase === 'closed';
        const [after, effects] = step(state, { ...next, at, progress } as Event, limits);
        cuts += effects.filter((effect) => effect === 'reset' || effect === 'destroy').length;
        if (ended) assert.deepEqual([after, effects], [state, []]);
        if (state.cause) assert.equal(after.cause, state.cause);
        // Whoever closes is always woken again.
        if (
          state.phase !== after.phase &&
          ['handshake', 'fin', 'reset'].includes(after.phase) &&
          state.phase === 'open'
        ) {
          assert.ok(effects.some((effect) => typeof effect === 'object' && effect.wakeIn > 0));
        }
        state = after;
      }
      assert.ok(cuts <= 1);
    }),
    { numRuns: 2_000 },
  );
});
