/** What is known of a process that is asked again and again, and may be gone in between. Pure. */
import { clock } from './amounts';
import { readAnswer } from './answer';
import { type Dated, type Figures, figuresOf } from './figures';
import { frame, type View } from './frame';

export interface Watched {
  readonly last: Dated | null;
  readonly figures: Figures | null;
  /** Since when there is no answer, in ms since 1970, and why; null where there is one. */
  readonly problem: { since: number; reason: string } | null;
}

export const NOTHING_YET: Watched = { last: null, figures: null, problem: null };

/** `at` is the time of an answer, in ms of a monotonic clock. Throws for one that is of no use. */
export function withAnswer({ last }: Watched, text: string, at: number): Watched {
  const reading = readAnswer(text);
  if (!reading) throw new Error('it answers, but with neither the status nor the metrics of ws-linger');
  const dated = { reading, at };
  return { last: dated, figures: figuresOf(dated, last), problem: null };
}

/** The last counts stay, and nothing is known per second. `now` is in ms since 1970. */
export function withoutAnswer({ last, problem }: Watched, reason: string, now: number): Watched {
  return { last, figures: last && figuresOf(last, null), problem: { since: problem?.since ?? now, reason } };
}

export function draw({ figures, problem }: Watched, view: Omit<View, 'problem'>): string[] {
  const text = problem && `No answer since ${clock(problem.since)}, trying again: ${problem.reason}`;
  return figures ? frame(figures, { ...view, problem: text }) : [];
}
