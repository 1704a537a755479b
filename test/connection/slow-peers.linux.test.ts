// Peers that lost messages with earlier versions of ws-linger. Each is served by plain ws and by ws-linger at the same
// time, at the default limits. The generator of test/lossless finds such cases; these are kept.
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { Arena } from '../lossless/arena.js';
import type { Profile } from '../lossless/profile.js';
import { losses, type Meeting, type Outcome } from '../lossless/verdict.js';

const arena = new Arena({ windows: false, control: 'portable', ours: 'ours' });

const STEADY: Omit<Profile, 'id'> = {
  role: 'server',
  transport: 'tcp',
  deflate: false,
  bytes: 60_000,
  messages: 1,
  data: 'binary',
  end: 'close',
  endAfter: 0,
  speed: null,
  pause: null,
  talk: null,
  closeFirst: null,
  rmem: 0,
  wmem: 0,
  incident: null,
};
const SMALL_DEVICE = { bytes: 60_000, speed: 10_000, rmem: 4_096 } as const;
const LAST_WORDS = { bytes: 10, data: 'text', end: 'close-code' } as const;
const MB = 1_000_000;

interface Case {
  name: string;
  profile: Partial<Profile>;
  /** What the peer must get from plain ws, and from ws-linger. */
  expected: Partial<Outcome>;
}

const outage = (ms: number) => ({ kind: 'outage', ms, after: -200 }) as const;

const COMPLETE: Case[] = [
  ...(['server', 'client'] as const).map((role) => ({
    name: `60,000 bytes and close() of a ${role}, at 10 KB/s with a receive buffer of 4 KB`,
    profile: { ...SMALL_DEVICE, role },
    expected: { messages: 1, closeCode: 1005 },
  })),
  {
    name: '20 × 1 MB and close(), with a pause of 3 s after 100 KB',
    profile: { bytes: 20 * MB, messages: 20, pause: { ms: 3_000, atByte: 100_000 } },
    expected: { messages: 20, closeCode: 1005 },
  },
  {
    name: '30 MB and close(), to a process that is stopped for 3 s',
    profile: { bytes: 30 * MB, messages: 30, incident: { kind: 'stop', ms: 3_000, after: 0 } },
    expected: { messages: 30, closeCode: 1005 },
  },
  ...[1_500, 3_000, 8_000].map((ms) => ({
    name: `last words and close(4321), with the network down for ${ms} ms`,
    profile: { ...LAST_WORDS, incident: outage(ms) },
    expected: { messages: 1, closeCode: 4321 },
  })),
  {
    name: 'last words and drain(), with the network down for 5 s',
    profile: { ...LAST_WORDS, end: 'drain', incident: outage(5_000) },
    expected: { messages: 1, closeCode: 1001 },
  },
  {
    name: '60,000 bytes at 10 KB/s, after it has sent its own close frame',
    profile: { ...SMALL_DEVICE, closeFirst: 0, endAfter: 1_000 },
    expected: { messages: 1, closeCode: 1000, end: 'eof' },
  },
  {
    name: '3 MB, close(), and one more send() to the closing connection',
    profile: { bytes: 3 * MB, messages: 30, end: 'close-send', speed: 250_000 },
    expected: { messages: 30, closeCode: 1005 },
  },
];

/** Peers that plain ws itself cuts off. Both must deliver about the same share; two runs of one kernel differ. */
const CUT: Case[] = [
  {
    name: '10 × 1 MB at 100 KB/s, for which 30 s are not enough',
    profile: { bytes: 10 * MB, messages: 10, speed: 100_000, wmem: 65_536, rmem: 65_536 },
    expected: { closeCode: null, end: 'eof' },
  },
  {
    name: '10 MB at 200 KB/s, and terminate()',
    profile: { bytes: 10 * MB, messages: 10, speed: 200_000, end: 'terminate' },
    expected: { closeCode: null, end: 'eof' },
  },
  {
    name: '10 MB and terminate(), with the network down for 5 s',
    profile: { bytes: 10 * MB, messages: 10, end: 'terminate', incident: outage(5_000) },
    expected: { closeCode: null, end: 'eof' },
  },
];

async function meet({ name, profile }: Case): Promise<{ profile: Profile; meeting: Meeting }> {
  const whole = { ...STEADY, id: name, ...profile };
  const [result] = await arena.meet([whole]);
  if (!result || 'failure' in result) throw new Error(result?.failure);
  return result;
}

function assertOutcome({ expected }: Case, outcome: Outcome): void {
  for (const [key, value] of Object.entries(expected)) assert.equal(outcome[key as keyof Outcome], value, key);
  assert.equal(outcome.open, false);
}

describe('a slow or cut-off peer receives everything:', { concurrency: true }, () => {
  for (const one of COMPLETE) {
    it(one.name, async () => {
      const { profile, meeting } = await meet(one);
      assertOutcome(one, meeting.plain);
      assertOutcome(one, meeting.ours);
      assert.deepEqual(losses(profile, meeting), []);
      assert.ok(meeting.ours.toldMs !== null && meeting.ours.toldMs < 30_000);
    });
  }
});

describe('a peer that plain ws cuts off receives as much as from plain ws:', { concurrency: true }, () => {
  for (const one of CUT) {
    it(one.name, async () => {
      const { meeting } = await meet(one);
      assertOutcome(one, meeting.plain);
      assertOutcome(one, meeting.ours);
      const share = meeting.ours.bytes / meeting.plain.bytes;
      assert.ok(share > 0.8, `${meeting.ours.bytes} bytes, plain ws ${meeting.plain.bytes}`);
    });
  }
});

after(() => arena.close());
