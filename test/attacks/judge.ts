/** The limits: what this package may use up under an attack, given what plain ws used up under the same. Pure. */
import type { Report } from './messages.js';

/** At most so many times what plain ws has, and so much on top. */
interface Limit {
  times: number;
  plus: number;
}

const MB = 2 ** 20;

export const LIMITS = {
  /** Resident memory at its highest; when garbage is collected is the engine's choice. */
  peakMb: { times: 1.15, plus: 32 },
  /** What lives while the peers hold on. Remembered ends and counted log lines are the rest. */
  heldMb: { times: 1.15, plus: 2 },
  /** Of a hundred peers: a busy machine has not accepted all of them yet. */
  sockets: { times: 1.05, plus: 3 },
  /** Of the process, for all that the peers did. The first thousands of ends cost more, and all cost more on a busy machine. */
  cpuMs: { times: 2, plus: 1_000 },
  /** CPU of the process between two turns of a timer: what others on the machine take away does not count. */
  turnMs: { times: 2, plus: 250 },
} satisfies Record<string, Limit>;

/** Lines of one event and kind: 20 in each second, and one that counts the others. */
export const LINES_PER_SECOND = 21;
/** Characters. */
export const LONGEST_LINE = 1_500;

export interface Row {
  measure: string;
  plain: number;
  ours: number;
  /** Null where there is none. */
  limit: number | null;
  least?: number;
}

export const isHeld = ({ ours, limit, least }: Row): boolean => ours <= (limit ?? Infinity) && ours >= (least ?? 0);

const cpuEach = ({ cpu, done }: Report) => (cpu * 1_000) / done;

export function judge(plain: Report, ours: Report, heldPerPeer: number | null): Row[] {
  const row = (measure: string, of: (report: Report) => number, limit: Limit | number | null): Row => {
    const most = typeof limit === 'object' && limit ? limit.times * of(plain) + limit.plus : limit;
    return { measure, plain: of(plain), ours: of(ours), limit: most };
  };
  const { times, plus } = LIMITS.heldMb;
  const heldEach = { times, plus: (plus * MB) / ours.done + (heldPerPeer ?? 0) };
  return [
    row('done by the peers', ({ done }) => done, null),
    row('peak of resident memory, MB', ({ peak }) => peak / MB, LIMITS.peakMb),
    ...(heldPerPeer !== null
      ? [
          row('heap and buffers held, bytes for each peer', ({ held, done }) => held / done, heldEach),
          row('sockets held, of a hundred peers', ({ sockets, done }) => (100 * sockets) / done, LIMITS.sockets),
        ]
      : []),
    row('CPU for each, µs', cpuEach, { times: LIMITS.cpuMs.times, plus: (LIMITS.cpuMs.plus * 1_000) / ours.done }),
    row('longest stall, ms', ({ stall }) => stall, null),
    row('most CPU at a stretch, ms', ({ turn }) => turn, LIMITS.turnMs),
    row('log lines', ({ log }) => log.lines, null),
    row('log lines a second, of one kind', ({ log, seconds }) => log.busiest / (seconds + 1), LINES_PER_SECOND),
    row('longest log line, characters', ({ log }) => log.longest, LONGEST_LINE),
    row('log lines with control characters', ({ log }) => log.broken, 0),
    row('slowest honest answer, ms', ({ honest }) => honest.slowest, null),
    { ...row('honest answers', ({ honest }) => honest.answers, null), least: 1 },
    row('honest messages without an answer', ({ honest }) => honest.unanswered, 0),
    row('left behind', ({ left }) => left, 0),
  ];
}
