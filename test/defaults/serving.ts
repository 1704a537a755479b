/** Promises of servers: drains, upgrade requests that nobody answers, what is off by default, logs and counts. */
import type { Answer, Behaviour, Line } from './orders.js';
import {
  ALL,
  type DefaultPromise,
  FIVE_PERCENT,
  fillAll,
  isAt,
  isWithin,
  type Opened,
  type Outcome,
  openAll,
} from './promise.js';
import type { CableName, Connection, Stage, Subject } from './stage.js';

const WAIT_MS = 45_000;
const UNLIMITED_MS = 60_000;

/** Those that make a drain take its whole time, and one that does not. */
const GUESTS: [CableName, Behaviour][] = [
  ['steady', 'silent'],
  ['steady', 'stalled'],
  ['cut', 'living'],
  ['steady', 'living'],
];

async function party(stage: Stage, subject: Subject): Promise<{ server: Connection; guests: Connection[] }> {
  const id = stage.newId();
  const port = await stage.listen(subject, id, 'tcp');
  const guests = await Promise.all(
    GUESTS.map(([cable, behaviour]) => stage.join(subject, { cable, transport: 'tcp', behaviour, port })),
  );
  await guests[1]?.fill();
  return { server: { id } as Connection, guests };
}

const drains: DefaultPromise = {
  says: 'drain() closes with 1001, at once, and takes 10 s where a peer does not answer',
  limit: '10 s + 5 %',
  covers: { 'drain.timeout': 10_000, 'drain.notice': 0, 'drain.spread': 0, 'drain.code': 1001 },
  async prepare(stage) {
    const { subject } = stage;
    const { server, guests } = await party(stage, subject);
    return async () => {
      subject.order({ do: 'act', id: server.id, act: 'drain' });
      const began = (await subject.next('acted', server.id, WAIT_MS))?.at ?? Date.now();
      const drained = await subject.next('drained', server.id, WAIT_MS);
      const since = (at: number | undefined) => (at === undefined ? null : at - began);
      const ms = since(drained?.at);
      const outcomes: Outcome[] = [{ variant: 'drain()', ms, ok: isAt(ms, 10_000, FIVE_PERCENT) }];
      for (const guest of guests.slice(0, 3)) {
        const gone = since((await subject.next('gone', guest.id, 1_000))?.at);
        outcomes.push({ variant: 'a socket', ms: gone, ok: isAt(gone, 10_000, FIVE_PERCENT) });
      }
      const living = await subject.next('told', guests[3]?.id ?? '', 1_000);
      const closed = since(living?.at);
      // At once, since nothing is spread.
      const isRight = living?.code === 1001 && isWithin(closed, 1_000);
      outcomes.push({ variant: 'a living peer, closed', ms: closed, seen: `code ${living?.code}`, ok: isRight });
      return outcomes;
    };
  },
};

const drainsOnSignal: DefaultPromise = {
  says: 'drainOnSignal(): SIGTERM ends a process after 10 s where a peer does not answer',
  limit: '10 s + 5 %',
  covers: { 'drain.timeout': 10_000 },
  async prepare(stage) {
    const subject = await stage.startSubject();
    const { server } = await party(stage, subject);
    subject.order({ do: 'act', id: server.id, act: 'drain-on-signal' });
    await subject.next('acted', server.id, WAIT_MS);
    return async () => {
      const began = Date.now();
      if (stage.options.windows) subject.order({ do: 'act', id: server.id, act: 'emit-signal' });
      else subject.signal('SIGTERM');
      await subject.ended;
      const ms = Date.now() - began;
      return [{ variant: 'the process', ms, ok: isAt(ms, 10_000, FIVE_PERCENT) }];
    };
  },
};

/** `answer` is what the server does with upgrade requests. */
function upgrade(says: string, answer: Answer): DefaultPromise {
  return {
    says,
    limit: '10 s + 5 %',
    covers: { upgradeTimeout: 10_000 },
    async prepare(stage) {
      const { subject } = stage;
      const ports = await Promise.all(
        (['tcp', 'tls'] as const).map(async (transport) => ({
          transport,
          port: await stage.listen(subject, stage.newId(), transport, {}, answer),
        })),
      );
      return () =>
        Promise.all(
          ports.map(async ({ transport, port }) => {
            const { id } = await stage.join(subject, { cable: 'steady', transport, behaviour: 'waiting', port });
            const came = await subject.next('upgrading', id, WAIT_MS);
            const gone = await subject.next('gone', id, WAIT_MS);
            const ms = came && gone && gone.at - came.at;
            return { variant: `server ${transport}`, ms, ok: isAt(ms, 10_000, FIVE_PERCENT) };
          }),
        );
    },
  };
}

const unlimited: DefaultPromise = {
  says: 'sendTimeout and maxBufferedAmount are off: a peer that does not read is kept',
  limit: `open after ${UNLIMITED_MS / 1_000} s`,
  covers: { sendTimeout: 'no limit', maxBufferedAmount: 'Infinity' },
  async prepare(stage) {
    const opened = await openAll(stage, ALL, { cable: 'steady', peer: 'stalled' });
    await fillAll(opened);
    return () =>
      Promise.all(
        opened.map(async ({ variant, connection }) => {
          const began = Date.now();
          const told = await connection.subject.next('told', connection.id, UNLIMITED_MS);
          const ms = (told?.at ?? Date.now()) - began;
          return { variant, ms, seen: told ? `ended as ${told.kind}` : 'open', ok: !told };
        }),
      );
  },
};

const silent: DefaultPromise = {
  says: 'heartbeat is off: an idle peer is sent nothing, not even a ping',
  limit: `0 bytes in ${UNLIMITED_MS / 1_000} s`,
  covers: { heartbeat: 'false', keepAlive: 30_000 },
  async prepare(stage) {
    const opened = await openAll(stage, ALL, { cable: 'steady', peer: 'living' });
    const before = await Promise.all(opened.map(({ connection }) => connection.bytesAtPeer()));
    return async () => {
      await new Promise((resolve) => setTimeout(resolve, UNLIMITED_MS));
      return Promise.all(opened.map((one, index) => countSince(one, before[index] ?? 0)));
    };
  },
};

async function countSince({ variant, connection }: Opened, before: number): Promise<Outcome> {
  const bytes = (await connection.bytesAtPeer()) - before;
  return { variant, ms: UNLIMITED_MS, seen: `${bytes} bytes`, ok: bytes === 0 };
}

const STORM = 200;
const LINES_PER_SECOND = 20;

const logs: DefaultPromise = {
  says: `of ${STORM} peers that reset at once 20 lines are logged in a second, and one that counts the others`,
  limit: '20 lines + 1',
  covers: { logger: LINES_PER_SECOND },
  async prepare(stage) {
    const { subject } = stage;
    const id = stage.newId();
    const port = await stage.listen(subject, id, 'tcp', { linger: { logger: 'count' } });
    const peers = stage.peersAt('steady');
    return async () => {
      peers.order({ do: 'storm', id, host: stage.addressAt('steady'), port, count: STORM });
      const began = (await peers.next('stormed', id, WAIT_MS))?.at ?? Date.now();
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      subject.order({ do: 'act', id, act: 'lines' });
      const lines = (await subject.next('lines', id, WAIT_MS))?.lines ?? [];
      return [judgeLines(lines, began)];
    };
  },
};

function judgeLines(lines: Line[], began: number): Outcome {
  const counted = lines.filter(({ suppressed }) => suppressed > 0);
  const written = lines.length - counted.length;
  const left = counted.reduce((sum, { suppressed }) => sum + suppressed, 0);
  const last = Math.max(0, ...lines.map(({ at }) => at - began));
  const ok = written === LINES_PER_SECOND && counted.length === 1 && written + left === STORM;
  return { variant: 'logger', ms: last, seen: `${written} lines, ${counted.length} for ${left} more`, ok };
}

const counts: DefaultPromise = {
  says: 'stats() counts a lingering socket from 2 s to 30 s after close(), and then as cut',
  limit: '30 s + 5 %',
  covers: { closeDeadline: 30_000 },
  async prepare(stage) {
    const { subject } = stage;
    const id = stage.newId();
    const port = await stage.listen(subject, id, 'tcp');
    const peer = await stage.join(subject, { cable: 'steady', transport: 'tcp', behaviour: 'silent', port });
    const ask = async () => {
      subject.order({ do: 'act', id, act: 'stats' });
      return subject.next('stats', id, WAIT_MS);
    };
    return async () => {
      const began = await peer.act('close');
      await subject.next('told', peer.id, WAIT_MS);
      const lingering = await ask();
      const gone = await subject.next('gone', peer.id, WAIT_MS);
      // The count follows the socket's own 'close'.
      await new Promise((resolve) => setTimeout(resolve, 100));
      const over = await ask();
      const ms = gone && gone.at - began;
      const seen = `lingering ${lingering?.lingering} → ${over?.lingering}, cut ${lingering?.cut} → ${over?.cut}`;
      const ok =
        lingering?.lingering === 1 && over?.lingering === 0 && over.cut === 1 && isAt(ms, 30_000, FIVE_PERCENT);
      return [{ variant: 'server tcp', ms, seen, ok }];
    };
  },
};

export const SERVING: DefaultPromise[] = [
  drains,
  drainsOnSignal,
  upgrade('an upgrade request that nobody answers is closed after 10 s', 'unanswered'),
  upgrade('a refused upgrade that its peer does not close is closed after 10 s', 'refusing'),
  unlimited,
  silent,
  logs,
  counts,
];
