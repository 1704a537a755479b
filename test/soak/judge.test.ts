// The verdict of `npm run soak`.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BOUNDS, judge, LIMITS } from './judge.js';
import type { Sample } from './messages.js';

const FLAT: Sample = {
  ...{ seconds: 0, ends: 0, connections: 0, lingering: 0, heap: 12e6, rss: 150e6, handles: 8, timers: 14 },
  ...{ sockets: 5, webSockets: 4, descriptors: 30, stall: 20 },
};

const samples = (change: (index: number) => Partial<Sample>, count = 30) =>
  Array.from({ length: count }, (_, index) => ({ ...FLAT, ...change(index) }));

describe('the verdict of a soak', () => {
  it('is good where nothing grows', () => {
    assert.deepEqual(judge(samples(() => ({}))).problems, []);
  });

  it('is good where caches fill during the warm-up, and single samples stand out', () => {
    const warming = samples((index) => ({ heap: index < 6 ? 5e6 : index % 7 === 0 ? 40e6 : 12e6 }));
    assert.deepEqual(judge(warming).problems, []);
  });

  for (const [what, allowed] of Object.entries(BOUNDS)) {
    it(`is bad where ${what} grow by more than allowed, and good where by no more`, () => {
      const step = Math.ceil((allowed + 1) / 10);
      const growing = samples((index) => ({ [what]: FLAT[what as keyof typeof BOUNDS] + index * step }));
      assert.match(judge(growing).problems.join(), new RegExp(`^${what} grew from \\d+ to \\d+$`));
      const once = samples((index) => ({ [what]: FLAT[what as keyof typeof BOUNDS] + (index < 15 ? 0 : allowed) }));
      assert.deepEqual(judge(once).problems, []);
    });
  }

  for (const [what, limit] of Object.entries(LIMITS)) {
    it(`is bad where ${what} are above ${limit} after a single round`, () => {
      const single = samples((index) => ({ [what]: index === 2 ? limit + 1 : limit }));
      assert.match(judge(single).problems.join(), new RegExp(`^${what}: ${limit + 1} after a round`));
    });
  }

  it('is none where there are too few samples', () => {
    assert.match(judge(samples(() => ({}), 5)).problems.join(), /too short/);
    assert.match(judge([]).problems.join(), /too short/);
  });
});
