/** Promises of telling a peer that was given up while the network was down: once it is back, the peer reads FIN or RST. */
import type { SubjectOptions } from './orders.js';
import { ALL, type DefaultPromise, isWithin, type Opened, type Outcome, openAll, SOCKETS } from './promise.js';
import { CABLES, type CableName, type Stage } from './stage.js';

/** FIN is sent again after twice as long each time: it may come as long after an outage as that lasted, and a bit. */
const SLACK_MS = 1_500;

async function observe(stage: Stage, cable: CableName, { variant, connection }: Opened): Promise<Outcome> {
  const { id, subject, peer } = connection;
  const outage = CABLES[cable] as number;
  const cutAt = stage.cutAt.get(cable) as number;
  const mendedAt = await stage.mendedAt(cable);
  const told = await subject.next('told', id, 1);
  if (!told || told.at > mendedAt) return { variant, ms: null, seen: 'not given up in the outage', ok: false };
  const ended = await peer.next('ended', id, outage + SLACK_MS);
  const ms = ended && Math.max(0, ended.at - mendedAt);
  const seen = `${ended?.how ?? 'peer still OPEN'}, given up after ${((told.at - cutAt) / 1_000).toFixed(1)} s`;
  return { variant, ms, seen, ok: isWithin(ms, outage + SLACK_MS) };
}

function tells(cable: CableName, how: string, options: SubjectOptions, variants = ALL): DefaultPromise {
  const seconds = (CABLES[cable] as number) / 1_000;
  return {
    says: `a peer that ${how} gave up in an outage of ${seconds} s is told when the network is back`,
    limit: `${seconds} s + ${SLACK_MS / 1_000} s`,
    covers: { onTimeout: 'auto' },
    async prepare(stage) {
      const opened = await openAll(stage, variants, { cable, peer: 'living', options });
      return () => Promise.all(opened.map((one) => observe(stage, cable, one)));
    },
  };
}

const heartbeat = { linger: { heartbeat: { interval: 500, timeout: 500 } } };

export const OUTAGES: DefaultPromise[] = [
  tells('outage-2', 'a heartbeat', heartbeat),
  tells('outage-5', 'a heartbeat', heartbeat),
  tells('outage-20', 'a heartbeat', heartbeat),
  // One second of silence, and ten probes: in 11 s.
  tells('outage-20', 'keep-alive', { linger: { keepAlive: 1_000 } }, SOCKETS),
];
