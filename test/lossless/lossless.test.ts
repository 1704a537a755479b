/** The pure parts of `npm run test:lossless`: which profiles a seed makes, and when one of them is lost. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { messageOf } from './payload.js';
import { groupOf, MAX_BYTES, makeProfile, type Profile } from './profile.js';
import { judge, type Meeting, type Outcome } from './verdict.js';

const seeds = fc.integer({ min: 0, max: 1_000_000 });
const indexes = fc.integer({ min: 0, max: 1_000 });

describe('profiles', () => {
  it('the same seed makes the same profiles', () => {
    fc.assert(
      fc.property(seeds, indexes, (seed, index) => {
        assert.deepEqual(makeProfile(seed, index), makeProfile(seed, index));
      }),
    );
  });

  it('are within their bounds, and survive JSON', () => {
    fc.assert(
      fc.property(seeds, indexes, (seed, index) => {
        const profile = makeProfile(seed, index);
        const { bytes, messages, speed, pause, incident } = profile;
        assert.deepEqual(JSON.parse(JSON.stringify(profile)), profile);
        assert.ok(bytes >= 1 && bytes <= MAX_BYTES);
        assert.ok(messages >= 1 && messages <= 50 && messages <= bytes);
        assert.ok(speed === null || speed >= 1_000);
        assert.ok(!pause || pause.ms <= 25_000);
        assert.ok(!incident || (incident.ms >= 500 && incident.ms <= 12_000));
      }),
    );
  });

  it('of one seed need few networks and show every trait', () => {
    const profiles = Array.from({ length: 500 }, (_, index) => makeProfile(1, index));
    assert.ok(new Set(profiles.map(groupOf)).size <= 12);
    const shown = (has: (profile: Profile) => boolean) => profiles.filter(has).length;
    assert.ok(shown(({ pause }) => pause !== null) > 100);
    assert.ok(shown(({ incident }) => incident?.kind === 'outage') > 50);
    assert.ok(shown(({ incident }) => incident?.kind === 'stop') > 30);
    assert.ok(shown(({ talk }) => talk !== null) > 50);
    assert.ok(shown(({ closeFirst }) => closeFirst !== null) > 50);
    for (const end of ['close', 'close-code', 'close-send', 'drain', 'terminate'] as const)
      assert.ok(shown((profile) => profile.end === end) > 30, end);
  });

  it('send exactly their bytes', () => {
    fc.assert(
      fc.property(seeds, indexes, (seed, index) => {
        const profile = makeProfile(seed, index);
        const sizes = Array.from({ length: profile.messages }, (_, i) => messageOf(profile, i).data.length);
        assert.equal(
          sizes.reduce((sum, size) => sum + size, 0),
          profile.bytes,
        );
      }),
      { numRuns: 20 },
    );
  });
});

describe('the verdict', () => {
  const profile: Profile = {
    ...makeProfile(1, 0),
    end: 'close-code',
    messages: 10,
    bytes: 1_000_000,
    speed: 10_000,
    closeFirst: null,
  };
  const all: Outcome = {
    messages: 10,
    wrong: 0,
    bytes: 1_000_100,
    closeCode: 4321,
    end: 'eof',
    open: false,
    ms: 9_000,
    toldMs: 9_000,
    flushedMs: 8_000,
  };
  const cut: Outcome = { ...all, messages: 5, bytes: 500_000, closeCode: null };
  const verdict = (first: Meeting, repeats: Meeting[] = []) => judge(profile, first, repeats).verdict;

  it('is "same" where all arrived, and "more" where plain ws was cut off', () => {
    assert.equal(verdict({ plain: all, ours: all }), 'same');
    assert.equal(verdict({ plain: cut, ours: all }), 'more');
  });

  it('is "lost" after one loss where plain ws always delivers', () => {
    const fine = { plain: all, ours: all };
    for (const ours of [
      { ...all, messages: 9 },
      { ...all, wrong: 1 },
      { ...all, closeCode: null },
      { ...all, closeCode: 1005 },
      { ...all, closeCode: null, end: null, open: true },
    ])
      assert.equal(verdict({ plain: all, ours }, [fine, fine]), 'lost');
  });

  it('is "lost" after losses in each meeting where plain ws is cut off', () => {
    const worse = { plain: cut, ours: { ...cut, messages: 3, bytes: 300_000 } };
    const fine = { plain: cut, ours: cut };
    assert.equal(verdict(worse, [worse, worse]), 'lost');
    assert.equal(verdict(worse, [worse, fine]), 'worse-sometimes');
  });

  it('allows a tolerance only where plain ws is cut off', () => {
    const less = { ...cut, messages: 4, bytes: 490_000 };
    assert.equal(verdict({ plain: cut, ours: less }), 'within-tolerance');
    const stillOpen = { ...less, end: null, open: true };
    assert.equal(verdict({ plain: cut, ours: stillOpen }), 'lost');
  });

  it('is lenient where plain ws delivers all only just', () => {
    const late = { ...all, toldMs: 30_000, flushedMs: 29_900 };
    const loss = { plain: late, ours: cut };
    assert.equal(verdict(loss, [loss]), 'lost');
    assert.equal(verdict(loss, [{ plain: late, ours: late }]), 'worse-sometimes');
  });

  it('takes either close code where the peer closes as well', () => {
    const first = { plain: all, ours: { ...all, closeCode: 1005 } };
    assert.equal(judge({ ...profile, closeFirst: 100 }, first, []).verdict, 'same');
  });
});
