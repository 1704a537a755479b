import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isHeld, judge, LIMITS, LINES_PER_SECOND, LONGEST_LINE } from './judge.js';
import { CountingLogger } from './log.js';
import type { Report } from './messages.js';

const MB = 2 ** 20;
const PLAIN: Report = {
  done: 1_000,
  peak: 100 * MB,
  held: 50 * MB,
  sockets: 500,
  cpu: 200,
  stall: 20,
  turn: 15,
  seconds: 9,
  log: { lines: 0, busiest: 0, longest: 0, broken: 0 },
  left: 0,
  honest: { answers: 40, unanswered: 0, slowest: 30 },
};
const LOG = { lines: 210, busiest: 10 * LINES_PER_SECOND, longest: LONGEST_LINE, broken: 0 };

/** The measures whose limits are not held by a report that differs so. */
const brokenBy = (ours: Partial<Report>, heldPerPeer: number | null = 0) =>
  judge(PLAIN, { ...PLAIN, log: LOG, ...ours }, heldPerPeer)
    .filter((row) => !isHeld(row))
    .map(({ measure }) => measure);

const HELD = 'heap and buffers held, bytes for each peer';

const most = ({ times, plus }: { times: number; plus: number }, plain: number) => times * plain + plus;

describe('the judge of attacks', () => {
  it('holds what plain ws uses up, and as many log lines as there may be', () => assert.deepEqual(brokenBy({}), []));

  for (const [measure, ours] of [
    ['peak of resident memory, MB', { peak: (most(LIMITS.peakMb, 100) + 1) * MB }],
    [HELD, { held: (most(LIMITS.heldMb, 50) + 1) * MB }],
    ['sockets held, of a hundred peers', { sockets: 10 * most(LIMITS.sockets, 50) + 1 }],
    ['CPU for each, µs', { cpu: most(LIMITS.cpuMs, 200) + 1 }],
    ['most CPU at a stretch, ms', { turn: most(LIMITS.turnMs, 15) + 1 }],
    ['log lines a second, of one kind', { log: { ...LOG, busiest: LOG.busiest + 1 } }],
    ['longest log line, characters', { log: { ...LOG, longest: LONGEST_LINE + 1 } }],
    ['log lines with control characters', { log: { ...LOG, broken: 1 } }],
    ['honest messages without an answer', { honest: { ...PLAIN.honest, unanswered: 1 } }],
    ['honest answers', { honest: { ...PLAIN.honest, answers: 0 } }],
    ['left behind', { left: 1 }],
  ] as [string, Partial<Report>][]) {
    it(`sees more than the limit of: ${measure}`, () => assert.deepEqual(brokenBy(ours), [measure]));
  }

  it('compares what is held only where the same peers hold on to both', () =>
    assert.deepEqual(brokenBy({ held: 1_000 * MB, sockets: 10_000 }, null), []));

  it('grants bytes for each peer that holds on', () => {
    const held = most(LIMITS.heldMb, 50) * MB + 1_000 * 640;
    assert.deepEqual(brokenBy({ held }, 641), []);
    assert.deepEqual(brokenBy({ held }, 639), [HELD]);
  });

  it('counts CPU for each thing done, so that the faster one is not blamed', () =>
    assert.deepEqual(brokenBy({ cpu: 4_000, done: 10_000 }), []));
});

describe('the counting logger', () => {
  it('counts lines by event and kind, and sees what breaks a line', () => {
    const logger = new CountingLogger();
    for (const kind of ['reset', 'reset', 'clean']) logger.debug({ event: 'disconnect', kind }, 'connection ended');
    logger.warn({ event: 'lingered', outcome: 'cut' }, 'in two\nlines');
    const { longest, ...counts } = logger.counts();
    assert.deepEqual(counts, { lines: 4, busiest: 2, broken: 1 });
    assert.equal(longest, JSON.stringify({ event: 'disconnect', kind: 'reset', message: 'connection ended' }).length);
  });
});
