/** Promises of telling a peer that was given up while the network was down: once it is back, the peer reads FIN or RST. */
import type { SubjectOptions } from './orders.js';
import { ALL, type DefaultPromise, isWithin, type Opened, type Outcome, openAll, SOCKETS, shared } from './promise.js';
import { CABLES, type CableName, type Stage } from './stage.js';

/** FIN is sent again after twice as long each time: it may come as long after an outage as that lasted, and a bit. */
const SLACK_MS = 1_500;
/** A peer that sends something is answered by RST within a round trip; so long, in ms, is allowed for. */
const ANSWER_MS = 1_000;

/** What a peer that was given up in an outage learnt of it. */
interface Learnt {
  variant: string;
  /** In ms after the cut; null: it was not given up before the network was back. */
  givenUp: number | null;
  /** In ms after the network was back, without its own doing. */
  told: number | null;
  how: string;
  /** In ms after it sent something, where it was not told before. */
  answered: number | null;
}

type Outage = (stage: Stage) => Promise<() => Promise<Learnt[]>>;

function outage(cable: CableName, options: SubjectOptions, variants = ALL): Outage {
  return shared(async (stage) => {
    const opened = await openAll(stage, variants, { cable, peer: 'living', options });
    let learnt: Promise<Learnt[]> | undefined;
    return () => {
      learnt ??= Promise.all(opened.map((one) => observe(stage, cable, one)));
      return learnt;
    };
  });
}

async function observe(stage: Stage, cable: CableName, { variant, connection }: Opened): Promise<Learnt> {
  const { id, subject, peer } = connection;
  const cutAt = stage.cutAt.get(cable) as number;
  const mendedAt = await stage.mendedAt(cable);
  const gaveUp = await subject.next('told', id, 1);
  const learnt = { variant, givenUp: null, told: null, how: 'not given up in the outage', answered: null };
  if (!gaveUp || gaveUp.at > mendedAt) return learnt;
  const givenUp = gaveUp.at - cutAt;
  const ended = await peer.next('ended', id, (CABLES[cable] as number) + SLACK_MS);
  if (ended) return { ...learnt, givenUp, told: Math.max(0, ended.at - mendedAt), how: ended.how };
  const wroteAt = Date.now();
  peer.order({ do: 'write', id });
  const answer = await peer.next('ended', id, ANSWER_MS);
  return { ...learnt, givenUp, how: answer?.how ?? 'peer still OPEN', answered: answer && answer.at - wroteAt };
}

function promise(
  says: string,
  limit: string,
  learning: Outage,
  judge: (learnt: Learnt) => Pick<Outcome, 'ms' | 'ok'>,
): DefaultPromise {
  return {
    says,
    limit,
    covers: { onTimeout: 'auto' },
    async prepare(stage) {
      const all = await learning(stage);
      return async () =>
        (await all()).map((learnt) => {
          const givenUp = learnt.givenUp === null ? '' : `, given up after ${(learnt.givenUp / 1_000).toFixed(1)} s`;
          return { variant: learnt.variant, seen: `${learnt.how}${givenUp}`, ...judge(learnt) };
        });
    },
  };
}

function tells(cable: CableName, how: string, learning: Outage): DefaultPromise {
  const ms = CABLES[cable] as number;
  return promise(
    `a peer that ${how} gave up in an outage of ${ms / 1_000} s is told when the network is back`,
    `${ms / 1_000} s + ${SLACK_MS / 1_000} s`,
    learning,
    ({ told }) => ({ ms: told, ok: isWithin(told, ms + SLACK_MS) }),
  );
}

const heartbeat = { linger: { heartbeat: { interval: 500, timeout: 500 } } };
/** One second of silence, and ten probes: in 11 s. */
const byKeepAlive = outage('outage-20', { linger: { keepAlive: 1_000 } }, SOCKETS);

export const OUTAGES: DefaultPromise[] = [
  tells('outage-2', 'a heartbeat', outage('outage-2', heartbeat)),
  tells('outage-5', 'a heartbeat', outage('outage-5', heartbeat)),
  tells('outage-20', 'a heartbeat', outage('outage-20', heartbeat)),
  // The system's RST is sent once, and lost in the outage: nobody can promise this.
  { ...tells('outage-20', 'keep-alive', byKeepAlive), isReport: true },
  promise(
    'a peer that keep-alive gave up in an outage of 20 s is told when it sends something, if not before',
    `${ANSWER_MS / 1_000} s`,
    byKeepAlive,
    ({ told, answered }) => {
      const ms = told === null ? answered : 0;
      return { ms, ok: isWithin(ms, ANSWER_MS) };
    },
  ),
];
