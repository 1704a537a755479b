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
  sockets: { times: 1, plus: 50 },
  /** Of the process, for each thing that the peers did. */
  cpuUs: { times: 2, plus: 50 },
  stallMs: { times: 2, plus: 250 },
  answerMs: { times: 2, plus: 1_000 },
} satisfies Record<string, Limit>;

/** Lines of one event and kind: 20 in each second, and one that counts the others. */
export const LINES_PER_SECOND = 21;
/** Characters. */
export const LONGEST_LINE = 1_500;

export interface Row {
  measure: string;
  plain: number;
  ours: number;
  /** Null where nothing is asked of it. */
  limit: number | null;
}

export const isHeld = ({ ours, limit }: Row): boolean => limit === null || ours <= limit;

export function judge(plain: Report, ours: Report, holds: boolean): Row[] {
  const row = (measure: string, of: (report: Report) => number, limit: Limit | number | null): Row => {
    const most = typeof limit === 'object' && limit ? limit.times * of(plain) + limit.plus : limit;
    return { measure, plain: of(plain), ours: of(ours), limit: most };
  };
  return [
    row('done by the peers', ({ done }) => done, null),
    row('peak of resident memory, MB', ({ peak }) => peak / MB, LIMITS.peakMb),
    ...(holds
      ? [
          row('heap and buffers held, MB', ({ held }) => held / MB, LIMITS.heldMb),
          row('sockets held', ({ sockets }) => sockets, LIMITS.sockets),
        ]
      : []),
    row('CPU for each, µs', ({ cpu, done }) => (cpu * 1_000) / done, LIMITS.cpuUs),
    row('longest stall, ms', ({ stall }) => stall, LIMITS.stallMs),
    row('log lines', ({ log }) => log.lines, null),
    row('log lines a second, of one kind', ({ log, seconds }) => log.busiest / (seconds + 1), LINES_PER_SECOND),
    row('longest log line, characters', ({ log }) => log.longest, LONGEST_LINE),
    row('log lines with control characters', ({ log }) => log.broken, 0),
    row('slowest honest answer, ms', ({ honest }) => honest.slowest, LIMITS.answerMs),
    row('honest messages without an answer', ({ honest }) => honest.unanswered, 0),
    row('left behind', ({ left }) => left, 0),
  ];
}
