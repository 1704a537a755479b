/** Promises of finding a peer that was cut off, by heartbeat or TCP keep-alive, and of leaving living peers alone. */
import type { SubjectOptions } from './orders.js';
import {
  ALL,
  ALONE,
  type DefaultPromise,
  FIVE_PERCENT,
  fillAll,
  isWithin,
  type Opened,
  type Outcome,
  openAll,
  SOCKETS,
  type Variant,
} from './promise.js';
import type { CableName, Stage } from './stage.js';

/** For so long connections that nothing may end are watched, in ms. */
const WATCHED_MS = 60_000;

interface Scene {
  options?: SubjectOptions;
  variants?: Variant[];
  /** Something is sent once the peer has vanished. */
  isSending?: boolean;
}

/** How long after the cut each connection ended as `timed-out`. */
async function endings(stage: Stage, opened: Opened[], withinMs: number, { isSending }: Scene): Promise<Outcome[]> {
  const cutAt = stage.cutAt.get('cut') as number;
  return Promise.all(
    opened.map(async ({ variant, connection }) => {
      if (isSending) await connection.act('send');
      const told = await connection.subject.next('told', connection.id, cutAt + withinMs - Date.now());
      const ms = told && told.at - cutAt;
      const isRight = told?.kind === 'timed-out';
      return {
        variant,
        ms,
        ...(told && !isRight && { seen: `as ${told.kind}` }),
        ok: isRight && isWithin(ms, withinMs),
      };
    }),
  );
}

function finds(
  says: string,
  limit: string,
  withinMs: number,
  covers: DefaultPromise['covers'],
  scene: Scene = {},
): DefaultPromise {
  return {
    says,
    limit,
    covers,
    async prepare(stage) {
      const { options = {}, variants = ALL } = scene;
      const opened = await openAll(stage, variants, { cable: 'cut', peer: 'living', options });
      return () => endings(stage, opened, withinMs, scene);
    },
  };
}

function heartbeatFinds(interval: number, timeout: number, scene: Scene = {}): DefaultPromise {
  const isDefault = interval === 30_000 && timeout === 10_000;
  const seconds = (interval + timeout) / 1_000;
  const written = isDefault ? 'true' : `${interval}/${timeout}`;
  const limit = (interval + timeout) * (1 + FIVE_PERCENT);
  const covers: DefaultPromise['covers'] = isDefault
    ? { heartbeat: 'false', 'heartbeat.interval': interval, 'heartbeat.timeout': timeout }
    : { heartbeat: 'given' };
  const heartbeat = isDefault ? true : { interval, timeout };
  return finds(
    `heartbeat: ${written} gives up a peer that has vanished${scene.isSending ? ', with data on its way to it' : ''}`,
    `${seconds} s + 5 %`,
    limit,
    covers,
    { variants: [...ALL, ALONE], ...scene, options: { linger: { heartbeat } } },
  );
}

interface Watched {
  isSending?: boolean;
  peer?: 'living' | 'slow';
  watchedMs?: number;
}

/** Connections that are still open at the end of the time. */
function stays(
  says: string,
  covers: DefaultPromise['covers'],
  cable: CableName,
  options: SubjectOptions,
  more: Pick<DefaultPromise, 'isReport' | 'isLinuxOnly'> & Watched = {},
): DefaultPromise {
  const { isSending, peer = 'living', watchedMs = WATCHED_MS, ...rest } = more;
  return {
    says,
    limit: rest.isReport ? 'none' : `open after ${watchedMs / 1_000} s`,
    covers,
    ...rest,
    async prepare(stage) {
      const variants = peer === 'slow' ? ALL.filter(({ variant }) => variant === 'server tcp') : ALL;
      const opened = await openAll(stage, variants, { cable, peer, options });
      if (peer === 'slow') await fillAll(opened);
      return () => Promise.all(opened.map((one) => watch(stage, one, { cable, isSending, watchedMs })));
    },
  };
}

async function watch(
  stage: Stage,
  { variant, connection }: Opened,
  { cable, isSending, watchedMs }: { cable: CableName; isSending: boolean | undefined; watchedMs: number },
): Promise<Outcome> {
  const began = stage.cutAt.get(cable) ?? Date.now();
  if (isSending) await connection.act('send');
  const told = await connection.subject.next('told', connection.id, watchedMs);
  if (!told) return { variant, ms: Date.now() - began, seen: 'open', ok: true };
  return { variant, ms: told.at - began, seen: `ended as ${told.kind}`, ok: false };
}

const KEEP_ALIVE = { keepAlive: 30_000 };

export const VANISHED: DefaultPromise[] = [
  heartbeatFinds(30_000, 10_000),
  heartbeatFinds(10_000, 10_000),
  heartbeatFinds(5_000, 2_000, { variants: ALL }),
  heartbeatFinds(30_000, 10_000, { variants: ALL, isSending: true }),
  stays('heartbeat: true leaves a living peer alone', { heartbeat: 'true' }, 'steady', { linger: { heartbeat: true } }),
  stays('heartbeat: 5000/2000 leaves a living peer alone', { heartbeat: 'given' }, 'steady', {
    linger: { heartbeat: { interval: 5_000, timeout: 2_000 } },
  }),
  stays(
    'heartbeat: true keeps a peer that takes of what was sent, if slowly',
    { heartbeat: 'true' },
    'steady',
    { linger: { heartbeat: true } },
    { peer: 'slow', isLinuxOnly: true },
  ),
  stays(
    'sendTimeout: 30000 keeps a peer that reads 20 KB a second of a backlog',
    { sendTimeout: 'given' },
    'steady',
    { linger: { sendTimeout: 30_000 } },
    { peer: 'slow', watchedMs: 70_000, isLinuxOnly: true },
  ),
  finds('keep-alive finds an idle peer that has vanished', '42 s', 42_000, KEEP_ALIVE, { variants: SOCKETS }),
  finds('keep-alive and heartbeat: true together find it too', '42 s', 42_000, KEEP_ALIVE, {
    variants: SOCKETS,
    options: { linger: { heartbeat: true } },
  }),
  stays('keep-alive leaves a living idle peer alone', KEEP_ALIVE, 'steady', {}),
  stays('with keepAlive: 0 and no heartbeat nothing finds a vanished peer', { keepAlive: 0 }, 'cut', {
    linger: { keepAlive: 0 },
  }),
  stays(
    'by default, what finds a vanished peer while data is on its way',
    {},
    'cut',
    {},
    {
      isSending: true,
      isReport: true,
    },
  ),
];
