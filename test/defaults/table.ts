/** The table of promises: what was said, what was measured, and where that differs. */
import type { DefaultPromise, Outcome } from './promise.js';

export interface Result {
  promise: DefaultPromise;
  outcomes: Outcome[];
  /** It could not be tried. */
  failure?: string;
}

export function hasPassed({ outcomes, failure }: Result): boolean {
  return failure === undefined && outcomes.length > 0 && outcomes.every(({ ok }) => ok);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}

/** "2.01 to 2.09 s, FIN (6)": the times of all variants, and what else was seen. */
function measured({ outcomes, failure }: Result): string {
  if (failure !== undefined) return 'not tried';
  const times = outcomes.flatMap(({ ms }) => (ms === null ? [] : [ms]));
  const [least, most] = [Math.min(...times), Math.max(...times)];
  const time =
    times.length === 0 ? 'never' : times.length === 1 ? seconds(most) : `${seconds(least)} to ${seconds(most)}`;
  const missing =
    times.length > 0 && times.length < outcomes.length ? `, never: ${outcomes.length - times.length}` : '';
  const seen = [...new Set(outcomes.flatMap((one) => one.seen ?? []))];
  const more = seen.length === 1 ? `, ${seen[0]}` : '';
  return `${time}${more}${missing} (${outcomes.length})`;
}

function failures({ outcomes, failure }: Result): string[] {
  if (failure !== undefined) return [`      ${failure}`];
  return outcomes
    .filter(({ ok }) => !ok)
    .map(
      ({ variant, ms, seen }) =>
        `      ${variant}: ${[ms === null ? 'never' : seconds(ms), seen].filter(Boolean).join(', ')}`,
    );
}

function verdict(result: Result): string {
  if (result.promise.isReport && result.failure === undefined) return 'shown';
  return hasPassed(result) ? 'pass' : 'FAIL';
}

/** One line for each promise, and one for each connection that broke it. The number in parentheses is that of connections. */
export function table(results: readonly Result[]): string {
  const width = (of: (result: Result) => string) => Math.max(...results.map((result) => of(result).length));
  const says = width(({ promise }) => promise.says);
  const limit = width(({ promise }) => promise.limit);
  return results
    .flatMap((result) => {
      const { promise } = result;
      const line = `${verdict(result).padEnd(5)} ${promise.says.padEnd(says)}  ${promise.limit.padEnd(limit)}  ${measured(result)}`;
      return verdict(result) === 'FAIL' ? [line, ...failures(result)] : [line];
    })
    .join('\n');
}
