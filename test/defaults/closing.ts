/** Promises of a close whose peer does not answer: when 'close' is told, when the socket is gone, and how the peer is told. */
import type { Behaviour, SubjectOptions } from './orders.js';
import {
  ALL,
  ALONE,
  type DefaultPromise,
  FIVE_PERCENT,
  fillAll,
  isAt,
  type Opened,
  openAll,
  QUARTER,
  shared,
  type Variant,
} from './promise.js';
import type { CableName, Stage } from './stage.js';

const GIVE_UP_MS = 35_000;
const RESUME_MS = 10_000;

interface Scene {
  peer: Behaviour;
  cable: CableName;
  options?: SubjectOptions;
  variants?: Variant[];
}

/** What became of one close, in ms since it began. */
interface Closed {
  variant: string;
  told: number | null;
  kind: string | undefined;
  gone: number | null;
  /** How the peer was told; null where it cannot be reached. */
  end: 'FIN' | 'RST' | 'nothing' | null;
}

type Closes = (stage: Stage) => Promise<() => Promise<Closed[]>>;

/** Opens all variants, and has each closed once the cables are cut. */
function closes({ peer, cable, options = {}, variants = ALL }: Scene): Closes {
  return shared(async (stage) => {
    const opened = await openAll(stage, variants, { cable, peer, options });
    if (peer === 'stalled' || peer === 'slow') await fillAll(opened);
    let closed: Promise<Closed[]> | undefined;
    return () => {
      closed ??= Promise.all(opened.map((one) => observe(one, cable === 'steady')));
      return closed;
    };
  });
}

async function observe({ variant, connection }: Opened, isReachable: boolean): Promise<Closed> {
  const { id, subject, peer } = connection;
  const began = await connection.act('close');
  const [told, gone] = await Promise.all([subject.next('told', id, GIVE_UP_MS), subject.next('gone', id, GIVE_UP_MS)]);
  let end: Closed['end'] = null;
  if (isReachable) {
    // What a peer that did not read was told waits behind what it has not read.
    peer.order({ do: 'resume', id });
    end = (await peer.next('ended', id, RESUME_MS))?.how ?? 'nothing';
  }
  return { variant, told: told && told.at - began, kind: told?.kind, gone: gone && gone.at - began, end };
}

function tells(closed: Closes, peer: string, ms: number, covers: DefaultPromise['covers']): DefaultPromise {
  return {
    says: `'close' is told ${ms / 1_000} s after close() to a peer that ${peer}`,
    limit: `${ms / 1_000} s + 1/4`,
    covers,
    async prepare(stage) {
      const all = await closed(stage);
      return async () =>
        (await all()).map(({ variant, told, kind }) => ({
          variant,
          ms: told,
          ...(kind !== 'close-timeout' && told !== null && { seen: `as ${kind}` }),
          ok: isAt(told, ms, QUARTER) && kind === 'close-timeout',
        }));
    },
  };
}

function ends(closed: Closes, peer: string, ms: number, covers: DefaultPromise['covers']): DefaultPromise {
  return {
    says: `the socket is gone ${ms / 1_000} s after close() to a peer that ${peer}`,
    limit: `${ms / 1_000} s + 5 %`,
    covers,
    async prepare(stage) {
      const all = await closed(stage);
      return async () =>
        (await all()).map(({ variant, gone }) => ({ variant, ms: gone, ok: isAt(gone, ms, FIVE_PERCENT) }));
    },
  };
}

/** `by` says how the peer of each variant has to be told. */
function tellsPeer(
  closed: Closes,
  says: string,
  limit: string,
  by: (variant: string, stage: Stage) => 'FIN' | 'RST',
  covers: DefaultPromise['covers'],
): DefaultPromise {
  return {
    says,
    limit,
    covers,
    async prepare(stage) {
      const all = await closed(stage);
      return async () =>
        (await all()).map(({ variant, gone, end }) => ({
          variant,
          ms: gone,
          seen: String(end),
          ok: end === by(variant, stage),
        }));
    },
  };
}

const idle = closes({ peer: 'silent', cable: 'steady' });
const stalled = closes({ peer: 'stalled', cable: 'steady' });
const slow = closes({ peer: 'slow', cable: 'steady', variants: ALL.filter(({ role }) => role === 'server') });
const vanished = closes({ peer: 'living', cable: 'cut', variants: [...ALL, ALONE] });
const WS_5 = { closeTimeout: 5_000 };
const wsIdle = closes({ peer: 'silent', cable: 'steady', options: WS_5 });
const wsStalled = closes({ peer: 'stalled', cable: 'steady', options: WS_5 });
const wsVanished = closes({ peer: 'living', cable: 'cut', options: WS_5, variants: [...ALL, ALONE] });
const TEN = { linger: { closeTimeout: 10_000 } };
const longStalled = closes({ peer: 'stalled', cable: 'steady', options: TEN });
const longVanished = closes({ peer: 'living', cable: 'cut', options: TEN });

const TOLD = { closeTimeout: 2_000 };
const GONE = { closeDeadline: 30_000 };
const GIVEN = { closeTimeout: 'given', closeDeadline: 'given' };

/** Only Linux tells of zero windows, and not of those below a stream that is no socket. */
function byZeroWindow(variant: string, { options }: Stage): 'FIN' | 'RST' {
  return options.windows || variant.endsWith('duplex') ? 'FIN' : 'RST';
}

export const CLOSING: DefaultPromise[] = [
  tells(idle, 'is idle and does not answer', 2_000, TOLD),
  tells(stalled, 'does not read', 2_000, TOLD),
  tells(vanished, 'has vanished', 2_000, TOLD),
  ends(idle, 'is idle and does not answer', 30_000, GONE),
  ends(stalled, 'does not read', 30_000, GONE),
  ends(vanished, 'has vanished', 30_000, GONE),
  tells(wsIdle, "is idle, with ws's closeTimeout: 5_000", 5_000, GIVEN),
  tells(wsStalled, "does not read, with ws's closeTimeout: 5_000", 5_000, GIVEN),
  tells(wsVanished, "has vanished, with ws's closeTimeout: 5_000", 5_000, GIVEN),
  ends(wsVanished, "has vanished, with ws's closeTimeout: 5_000", 5_000, GIVEN),
  tells(longStalled, 'does not read, with closeTimeout: 10_000', 10_000, GIVEN),
  tells(longVanished, 'has vanished, with closeTimeout: 10_000', 10_000, GIVEN),
  tellsPeer(stalled, 'a peer that did not read for 25 s is sent RST on Linux, elsewhere FIN', '25 s', byZeroWindow, {
    onTimeout: 25_000,
  }),
  tellsPeer(idle, 'an idle peer that does not answer is sent FIN', 'FIN', () => 'FIN', { onTimeout: 'auto' }),
  tellsPeer(slow, 'a peer that reads slowly is sent FIN at closeDeadline', 'FIN', () => 'FIN', { onTimeout: 'auto' }),
];
