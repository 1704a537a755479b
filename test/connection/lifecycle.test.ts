// The state machine of a connection: which effects it returns for which events, and when.
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

  it('is checked again after 100 ms', () => {
    assert.deepEqual(run(closing).effects, [{ wakeIn: 100 }]);
  });

  it('is reported after closeTimeout without progress, while the socket lingers', () => {
    assert.deepEqual(run([...closing, [2_999, { type: 'tick' }]]).effects, [{ wakeIn: 1 }]);
    const { state, effects } = run([...closing, [3_000, { type: 'tick' }]]);
    assert.deepEqual(effects, ['linger', { wakeIn: WATCHDOG_MS }]);
    assert.deepEqual(state.cause, { type: 'close-timeout' });
    assert.equal(state.endedIn, 'handshake');
  });

  it('continues while there is progress, until closeDeadline', () => {
    const steps = [...closing];
    for (let at = 1_500; at < 31_000; at += 500) steps.push([at, { type: 'tick' }, at]);
    assert.deepEqual(run(steps).effects, [{ wakeIn: 100 }]);
    assert.deepEqual(run([...steps, [31_000, { type: 'tick' }, 31_000]]).effects, ['destroy', { wakeIn: WATCHDOG_MS }]);
  });

  it('counts a shrinking queue as progress, but not a growing one', () => {
    const queue = (at: number, queued: number, from: State) =>
      step(from, { type: 'tick' }, { at, progress: 0, queued }, limits);
    let [state] = queue(1_500, 9_000, run(closing).state);
    [state] = queue(2_900, 8_000, state);
    assert.equal(state.wait?.progressAt, 2_900);
    // An application that sends to a closing connection only adds to its queue.
    [state] = queue(3_400, 8_100, state);
    assert.equal(state.wait?.progressAt, 2_900);
  });

  const look = (at: number, unacknowledged: number, lookedAt = at): Step => [
    at,
    { type: 'tick', look: { unacknowledged, peerWindow: 'open', at: lookedAt } },
  ];

  it('counts acknowledged bytes as progress, from the time of the look that showed them', () => {
    const { state, effects } = run([...closing, look(2_000, 9_000), look(2_500, 8_000, 2_400)]);
    assert.equal(state.wait?.progressAt, 2_400);
    assert.deepEqual(effects, [{ wakeIn: 100 }]);
    assert.deepEqual(run([look(4_400, 8_000)], state).effects, ['linger', { wakeIn: WATCHDOG_MS }]);
  });

  it('does not wait for a look: a missing look is no evidence of progress', () => {
    assert.deepEqual(run([...closing, look(2_000, 9_000), look(3_000, 9_000, 2_000)]).effects[0], 'linger');
    assert.deepEqual(run([...closing, [3_000, { type: 'tick', look: null }]]).effects[0], 'linger');
  });

  it('does not compare two looks if bytes were written between them', () => {
    const moved: Step = [2_500, { type: 'tick', look: { unacknowledged: 7_000, peerWindow: 'open', at: 2_500 } }, 1];
    const { state } = run([...closing, look(2_000, 9_000), moved, [3_000, { type: 'tick' }, 1]]);
    assert.equal(state.wait?.progressAt, 2_500);
    assert.deepEqual(run([[3_500, look(3_500, 6_000)[1], 1]], state).state.wait?.progressAt, 2_500);
  });

  it('ends by FIN if closeDeadline passes before closeTimeout', () => {
    const closingState = run([
      [0, { type: 'open' }],
      [0, { type: 'close', by: 'local', within: 100 }],
    ]).state;
    assert.deepEqual(run([[100, { type: 'tick' }]], closingState).effects, ['destroy', { wakeIn: WATCHDOG_MS }]);
  });

  it('is not reported while this side still prepares what it has to send', () => {
    const busy: Step[] = [...closing];
    for (let at = 1_500; at < 31_000; at += 500) busy.push([at, { type: 'tick', busy: true }]);
    assert.deepEqual(run(busy).effects, [{ wakeIn: 100 }]);
    assert.deepEqual(run([...busy, [31_000, { type: 'tick', busy: true }]]).effects[0], 'destroy');
  });

  it('does not count the time in which this process did not run against the peer', () => {
    const late: Step[] = [...closing, [9_000, { type: 'tick', lateBy: 7_500 }]];
    assert.deepEqual(run(late).effects, [{ wakeIn: 500 }]);
  });

  it('measures all its phases from one start', () => {
    const { state } = run([...closing, [1_900, { type: 'both-close-frames' }]]);
    assert.equal(state.phase, 'fin');
    assert.equal(state.endingSince, 1_000);
    assert.deepEqual(run([[3_000, { type: 'tick' }]], state).effects, ['linger', { wakeIn: WATCHDOG_MS }]);
  });

  it("emits 'close' if ws does not, unless ws is still processing what it has received", () => {
    const cut = run([...closing, [3_000, { type: 'tick' }]]).state;
    assert.deepEqual(run([[4_000, { type: 'tick', busy: true }]], cut).effects, [{ wakeIn: WATCHDOG_MS }]);
    assert.deepEqual(run([[4_000, { type: 'tick' }]], cut).effects, ['emit-close']);
  });
});

describe('a connection that this side cuts', () => {
  it('ends by FIN unless the peer is known to be alive and not to read', () => {
    assert.equal(howToCut('auto', 0), 'destroy');
    assert.equal(howToCut('auto', ZERO_WINDOW_MS - 1), 'destroy');
    assert.equal(howToCut('auto', ZERO_WINDOW_MS), 'reset');
  });

  it('ends as onTimeout says if it names a way', () => {
    assert.equal(howToCut('reset', 0), 'reset');
    assert.equal(howToCut('destroy', ZERO_WINDOW_MS), 'destroy');
  });
});

describe('the first cause', () => {
  it('is kept when later events follow from it', () => {
    const { state } = run([
      [0, { type: 'open' }],
      [1, { type: 'abort' }],
      [2, { type: 'error', error: { code: 'EPIPE' } }],
      [3, { type: 'closed' }],
    ]);
    assert.deepEqual(state.cause, { type: 'local-abort' });
  });

  it('is kept with the phase in which it occurred', () => {
    const { state } = run([
      [0, { type: 'open' }],
      [1, { type: 'close', by: 'local' }],
      [2, { type: 'error', error: { code: 'ECONNRESET' } }],
    ]);
    assert.equal(state.endedIn, 'handshake');
    assert.equal(state.endingSince, 1);
  });

  const crossed: Step[] = [
    [0, { type: 'open' }],
    [1, { type: 'close', by: 'peer' }],
    [2, { type: 'both-close-frames' }],
  ];

  it('leaves the phase of a clean end as it is, where RST comes behind both close frames', () => {
    const { state } = run([...crossed, [3, { type: 'error', error: { code: 'ECONNRESET' } }]]);
    assert.deepEqual([state.endedIn, state.endingSince], ['open', 1]);
  });

  it('has the phase in which the peer broke the protocol, also behind both close frames', () => {
    const { state } = run([...crossed, [3, { type: 'protocol-error', error: { code: 'WS_ERR_INVALID_OPCODE' } }]]);
    assert.equal(state.endedIn, 'fin');
  });
});

const CUTS: Effect[] = ['reset', 'destroy', 'linger'];

describe('every sequence of up to 6 events', () => {
  const error = { code: 'ECONNRESET', errno: -104, syscall: 'read' };
  /** [ms since the event before, bytes moved since then, the event] */
  const alphabet = [
    [0, 0, { type: 'open' }],
    [0, 0, { type: 'close', by: 'local' }],
    [0, 0, { type: 'close', by: 'local', within: 100 }],
    [0, 0, { type: 'close', by: 'peer' }],
    [0, 0, { type: 'both-close-frames' }],
    [0, 0, { type: 'fin', by: 'peer' }],
    [0, 0, { type: 'error', error, ended: false, keepAlive: false }],
    [0, 0, { type: 'protocol-error', error }],
    [0, 0, { type: 'give-up', policy: 'heartbeat' }],
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
    /** Whether a timer is running. */
    armed: boolean;
    cuts: number;
    /** Whether the machine has asked to emit 'close'. */
    gaveUp: boolean;
  }

  /** Feeds one event to the machine as connection.ts does. Returns null for an event that cannot occur. */
  function next(node: Node, wait: number, moved: number, event: object): Node | null {
    const tick = (event as { type: string }).type === 'tick';
    if (tick && !node.armed) return null; // ticks come from the timer
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
    // An opening that succeeds in spite of an error has no cause of its end yet.
    const stands = from.state.cause && !(from.state.phase === 'opening' && to.state.phase === 'open');
    if (stands) assert.equal(to.state.cause, from.state.cause, 'the first cause is kept');
    if (from.state.phase === 'closed') assert.equal(to.state, from.state, 'nothing changes after the end');
    const closing = ['handshake', 'fin', 'cut'].includes(to.state.phase);
    if (closing) assert.ok(to.armed || to.gaveUp, 'a closing connection has a timer');
    if (closing) assert.ok(to.state.endingSince !== null, 'the clock runs');
  }

  /**
   * Feeds ticks only, as for a peer that does nothing more. The machine must end within closeDeadline and the
   * watchdog's time.
   */
  function checkEndsByItself(start: Node): void {
    let node = start;
    for (let ticks = 0; !node.gaveUp; ticks++) {
      assert.ok(ticks < 200, 'the connection ends');
      node = next(node, 500, 0, { type: 'tick' }) as Node;
    }
    assert.ok(node.at - start.at <= limits.closeDeadline + WATCHDOG_MS + 500, 'the connection ends in time');
  }

  it('cuts a connection at most once, keeps its first cause, and ends it without further events', () => {
    let layer: Node[] = [{ state: initial, at: 0, bytes: 0, armed: false, cuts: 0, gaveUp: false }];
    let steps = 0;
    const visited = new Set<string>();
    for (let depth = 1; depth <= 6; depth++) {
      const following: Node[] = [];
      for (const node of layer) {
        for (const [wait, moved, event] of alphabet) {
          const to = next(node, wait, moved, event);
          if (!to) continue;
          steps++;
          check(node, to);
          const key = JSON.stringify(to);
          if (visited.has(key)) continue;
          visited.add(key);
          if (['handshake', 'fin', 'cut'].includes(to.state.phase) && !to.gaveUp) checkEndsByItself(to);
          following.push(to);
        }
      }
      layer = following;
    }
    assert.ok(steps > 10_000, `${steps} steps`);
  });
});
