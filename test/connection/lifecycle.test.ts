// The pure machine: what it asks for, and when.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Effect,
  howToCut,
  initial,
  type Observation,
  type State,
  step,
  WATCHDOG_MS,
  ZERO_WINDOW_MS,
} from '../../dist/connection/lifecycle.js';

const limits = { closeTimeout: 2_000, closeDeadline: 30_000, onTimeout: 'auto' } as const;

type Step = [at: number, event: { type: string } & Record<string, unknown>, progress?: number];

function run(steps: Step[], from: State = initial): { state: State; effects: Effect[] } {
  let state = from;
  let effects: Effect[] = [];
  for (const [at, event, progress = 0] of steps)
    [state, effects] = step(state, event as Observation, { at, progress, queued: 0 }, limits);
  return { state, effects };
}

describe('a close', () => {
  const closing: Step[] = [
    [0, { type: 'open' }],
    [1_000, { type: 'close', by: 'local' }],
  ];

  it('is looked at soon, then less often', () => {
    assert.deepEqual(run(closing).effects, [{ wakeIn: 100 }]);
  });

  it('is told after closeTimeout without progress, while the socket lingers', () => {
    assert.deepEqual(run([...closing, [2_999, { type: 'tick' }]]).effects, [{ wakeIn: 1 }]);
    const { state, effects } = run([...closing, [3_000, { type: 'tick' }]]);
    assert.deepEqual(effects, ['linger', { wakeIn: WATCHDOG_MS }]);
    assert.deepEqual(state.cause, { type: 'close-timeout' });
    assert.equal(state.endedIn, 'handshake');
  });

  it('goes on while there is progress, until closeDeadline', () => {
    const steps = [...closing];
    for (let at = 1_500; at < 31_000; at += 500) steps.push([at, { type: 'tick' }, at]);
    assert.deepEqual(run(steps).effects, [{ wakeIn: 100 }]);
    assert.deepEqual(run([...steps, [31_000, { type: 'tick' }, 31_000]]).effects, ['destroy', { wakeIn: WATCHDOG_MS }]);
  });

  it('takes a queue that shrinks for progress, and one that grows for none', () => {
    const queue = (at: number, queued: number, from: State) =>
      step(from, { type: 'tick' }, { at, progress: 0, queued }, limits);
    let [state] = queue(1_500, 9_000, run(closing).state);
    [state] = queue(2_900, 8_000, state);
    assert.equal(state.progressAt, 2_900);
    // Those who send to a connection that is being closed only add to its queue.
    [state] = queue(3_400, 8_100, state);
    assert.equal(state.progressAt, 2_900);
  });

  const look = (at: number, unacknowledged: number, lookedAt = at): Step => [
    at,
    { type: 'tick', look: { unacknowledged, peerWindow: 'open', at: lookedAt } },
  ];

  it('takes what the peer acknowledges for progress, from when that was seen', () => {
    const { state, effects } = run([...closing, look(2_000, 9_000), look(2_500, 8_000, 2_400)]);
    assert.equal(state.progressAt, 2_400);
    assert.deepEqual(effects, [{ wakeIn: 100 }]);
    assert.deepEqual(run([look(4_400, 8_000)], state).effects, ['linger', { wakeIn: WATCHDOG_MS }]);
  });

  it('waits for no look: one that is not to be had is no evidence', () => {
    assert.deepEqual(run([...closing, look(2_000, 9_000), look(3_000, 9_000, 2_000)]).effects[0], 'linger');
    assert.deepEqual(run([...closing, [3_000, { type: 'tick', look: null }]]).effects[0], 'linger');
  });

  it('does not compare looks between which bytes moved', () => {
    const moved: Step = [2_500, { type: 'tick', look: { unacknowledged: 7_000, peerWindow: 'open', at: 2_500 } }, 1];
    const { state } = run([...closing, look(2_000, 9_000), moved, [3_000, { type: 'tick' }, 1]]);
    assert.equal(state.progressAt, 2_500);
    assert.deepEqual(run([[3_500, look(3_500, 6_000)[1], 1]], state).state.progressAt, 2_500);
  });

  it('ends by FIN where closeDeadline comes first', () => {
    const closingState = run([
      [0, { type: 'open' }],
      [0, { type: 'close', by: 'local', within: 100 }],
    ]).state;
    assert.deepEqual(run([[100, { type: 'tick' }]], closingState).effects, ['destroy', { wakeIn: WATCHDOG_MS }]);
  });

  it('is not told while this side is at work on what it has to send', () => {
    const busy: Step[] = [...closing];
    for (let at = 1_500; at < 31_000; at += 500) busy.push([at, { type: 'tick', busy: true }]);
    assert.deepEqual(run(busy).effects, [{ wakeIn: 100 }]);
    assert.deepEqual(run([...busy, [31_000, { type: 'tick', busy: true }]]).effects[0], 'destroy');
  });

  it('does not count time against the peer in which this process did not run', () => {
    const late: Step[] = [...closing, [9_000, { type: 'tick', lateBy: 7_500 }]];
    assert.deepEqual(run(late).effects, [{ wakeIn: 500 }]);
  });

  it('keeps one clock through its phases', () => {
    const { state } = run([...closing, [1_900, { type: 'both-close-frames' }]]);
    assert.equal(state.phase, 'fin');
    assert.equal(state.endingSince, 1_000);
    assert.deepEqual(run([[3_000, { type: 'tick' }]], state).effects, ['linger', { wakeIn: WATCHDOG_MS }]);
  });

  it("emits 'close' itself when ws does not, unless ws is still at work on what it has received", () => {
    const cut = run([...closing, [3_000, { type: 'tick' }]]).state;
    assert.deepEqual(run([[4_000, { type: 'tick', busy: true }]], cut).effects, [{ wakeIn: WATCHDOG_MS }]);
    assert.deepEqual(run([[4_000, { type: 'tick' }]], cut).effects, ['emit-close']);
  });
});

describe('a connection that this side cuts', () => {
  it('is ended by FIN unless the peer is known to be there and not to read', () => {
    assert.equal(howToCut('auto', 0), 'destroy');
    assert.equal(howToCut('auto', ZERO_WINDOW_MS - 1), 'destroy');
    assert.equal(howToCut('auto', ZERO_WINDOW_MS), 'reset');
  });

  it('is ended as the option says where it says how', () => {
    assert.equal(howToCut('reset', 0), 'reset');
    assert.equal(howToCut('destroy', ZERO_WINDOW_MS), 'destroy');
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

const CUTS: Effect[] = ['reset', 'destroy', 'linger'];

describe('every sequence of up to 6 events', () => {
  const error = { code: 'ECONNRESET', errno: -104, syscall: 'read' };
  /** [ms that pass before it, bytes that move before it, the event] */
  const alphabet = [
    [0, 0, { type: 'open' }],
    [0, 0, { type: 'close', by: 'local' }],
    [0, 0, { type: 'close', by: 'local', within: 100 }],
    [0, 0, { type: 'close', by: 'peer' }],
    [0, 0, { type: 'both-close-frames' }],
    [0, 0, { type: 'fin', by: 'peer' }],
    [0, 0, { type: 'error', error, ended: false, keepAlive: false }],
    [0, 0, { type: 'protocol-error', error }],
    [0, 0, { type: 'give-up', why: 'timed-out' }],
    [0, 0, { type: 'abort' }],
    [0, 0, { type: 'destroy' }],
    [500, 0, { type: 'tick' }],
    [500, 1, { type: 'tick' }],
    [500, 0, { type: 'tick', paused: true }],
    [500, 0, { type: 'tick', busy: true }],
    [500, 0, { type: 'tick', look: { unacknowledged: 9_000, peerWindow: 'zero', at: 0 } }],
    [2_000, 0, { type: 'tick', look: null }],
    [31_000, 0, { type: 'tick' }],
    [0, 0, { type: 'closed' }],
  ] as const;

  interface Node {
    state: State;
    at: number;
    bytes: number;
    /** A timer is running. */
    armed: boolean;
    cuts: number;
    /** The machine asked to emit 'close' itself. */
    gaveUp: boolean;
  }

  /** Carries out one event as connection.ts does: a tick is the timer's end, giving up is followed by the end. */
  function next(node: Node, wait: number, moved: number, event: object): Node | null {
    const tick = (event as { type: string }).type === 'tick';
    if (tick && !node.armed) return null; // no timer, no tick
    const at = node.at + wait;
    const bytes = node.bytes + moved;
    const [state, effects] = step(node.state, event as Observation, { at, progress: bytes, queued: 0 }, limits);
    return {
      state,
      at,
      bytes,
      armed: (node.armed && !tick) || effects.some((effect) => typeof effect === 'object'),
      cuts: node.cuts + effects.filter((effect) => CUTS.includes(effect)).length,
      gaveUp: node.gaveUp || effects.includes('emit-close'),
    };
  }

  function check(from: Node, to: Node): void {
    assert.ok(to.cuts <= 1, 'a connection is cut at most once');
    // An opening that succeeds in spite of an error had no end.
    const stands = from.state.cause && !(from.state.phase === 'opening' && to.state.phase === 'open');
    if (stands) assert.equal(to.state.cause, from.state.cause, 'the first cause stands');
    if (from.state.phase === 'closed') assert.equal(to.state, from.state, 'nothing follows the end');
    const closing = ['handshake', 'fin', 'cut'].includes(to.state.phase);
    if (closing) assert.ok(to.armed || to.gaveUp, 'whoever closes is woken again');
    if (closing) assert.ok(to.state.endingSince !== null, 'the clock runs');
  }

  /** A peer that never moves again: timers alone must bring the end, within the deadline and the watchdog. */
  function checkEndsByItself(start: Node): void {
    let node = start;
    for (let ticks = 0; !node.gaveUp; ticks++) {
      assert.ok(ticks < 200, 'it ends');
      node = next(node, 500, 0, { type: 'tick' }) as Node;
    }
    assert.ok(node.at - start.at <= limits.closeDeadline + WATCHDOG_MS + 500, 'and in time');
  }

  it('is cut at most once, keeps its first cause, and always ends by itself', () => {
    let layer: Node[] = [{ state: initial, at: 0, bytes: 0, armed: false, cuts: 0, gaveUp: false }];
    let steps = 0;
    const known = new Set<string>();
    for (let depth = 1; depth <= 6; depth++) {
      const following: Node[] = [];
      for (const node of layer) {
        for (const [wait, moved, event] of alphabet) {
          const to = next(node, wait, moved, event);
          if (!to) continue;
          steps++;
          check(node, to);
          const key = JSON.stringify(to);
          if (known.has(key)) continue;
          known.add(key);
          if (['handshake', 'fin', 'cut'].includes(to.state.phase) && !to.gaveUp) checkEndsByItself(to);
          following.push(to);
        }
      }
      layer = following;
    }
    assert.ok(steps > 10_000, `${steps} steps`);
  });
});
