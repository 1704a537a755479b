/** What a run prints at its end: a table by category, when applications were told, and the line that says what was lost. */
import { groupOf, type Profile } from './profile.js';
import { isComplete, type Judgement, type Meeting, REPEATS, TOLERANCE } from './verdict.js';

export interface Result extends Judgement {
  profile: Profile;
  meeting: Meeting;
}

type Category = [name: string, has: (profile: Profile) => boolean];

const CATEGORIES: Category[] = [
  ['steady', (p) => !p.pause && !p.incident && p.talk === null && p.closeFirst === null],
  ['pauses', (p) => p.pause !== null],
  ['outage', (p) => p.incident?.kind === 'outage'],
  ['stopped by signal', (p) => p.incident?.kind === 'stop'],
  ['talks', (p) => p.talk !== null],
  ['closes first', (p) => p.closeFirst !== null],
  ...(['close', 'close-code', 'close-send', 'drain', 'terminate'] as const).map(
    (end): Category => [`${end}()`, (p) => p.end === end],
  ),
  ...(['server', 'client'] as const).map((role): Category => [`as ${role}`, (p) => p.role === role]),
  ...(['tcp', 'tls', 'duplex'] as const).map((kind): Category => [`over ${kind}`, (p) => p.transport === kind]),
  ['deflate', (p) => p.deflate],
  ['receive buffer 4 KB', (p) => p.rmem === 4_096],
  ['send buffer fixed', (p) => p.wmem > 0],
  ['all', () => true],
];

const COLUMNS = ['', 'profiles', 'ws all', 'ours all', 'ours more', 'lost', 'ws told', 'ours told'];

function completed(results: readonly Result[], side: keyof Meeting): Result[] {
  return results.filter(({ profile, meeting }) => isComplete(profile, meeting[side]));
}

function toldTimes(results: readonly Result[], side: keyof Meeting): number[] {
  return results
    .map(({ meeting }) => meeting[side].toldMs)
    .filter((ms) => ms !== null)
    .sort((a, b) => a - b);
}

function quantile(sorted: readonly number[], share: number): string {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return value === undefined ? '-' : `${(value / 1_000).toFixed(2)} s`;
}

function row(name: string, results: readonly Result[]): string[] {
  return [
    name,
    String(results.length),
    String(completed(results, 'plain').length),
    String(completed(results, 'ours').length),
    ...(['more', 'lost'] as const).map((wanted) => String(results.filter((r) => r.verdict === wanted).length)),
    ...(['plain', 'ours'] as const).map((side) => quantile(toldTimes(results, side), 0.5)),
  ];
}

function table(results: readonly Result[]): string {
  const rows = CATEGORIES.map(([name, has]) =>
    row(
      name,
      results.filter(({ profile }) => has(profile)),
    ),
  );
  return [COLUMNS, ...rows]
    .map(([name = '', ...cells]) => name.padEnd(20) + cells.map((cell) => cell.padStart(11)).join(''))
    .join('\n');
}

/** Only shown: how long an application may have to wait depends on the progress that its connection makes. */
function told(results: readonly Result[]): string {
  const lines = (['plain', 'ours'] as const).map((side) => {
    const times = toldTimes(results, side);
    const shares = [0.5, 0.9, 0.99, 1].map((share) => quantile(times, share)).join(' / ');
    const name = side === 'plain' ? 'ws  ' : 'ours';
    return `  ${name} 50/90/99/100 %: ${shares}; not within the observation: ${results.length - times.length}`;
  });
  const later = results.filter(({ meeting: { plain, ours } }) => (ours.toldMs ?? 1e9) > (plain.toldMs ?? 1e9) + 500);
  return [
    "'close' after the end was asked for:",
    ...lines,
    `  ours later than ws by more than 0.5 s: ${later.length}`,
  ].join('\n');
}

function leniency(results: readonly Result[]): string {
  // With their ids, so that each can be met again with --only.
  const list = (found: readonly Result[]) => [found.length, ...found.map(({ profile }) => profile.id)].join(' ');
  const count = (wanted: Judgement['verdict']) => list(results.filter(({ verdict }) => verdict === wanted));
  const { share, bytes, readingMs, most } = TOLERANCE;
  return [
    `${results.filter((result) => result.lenient).length} profiles in which ws-linger did worse, but plain ws was cut off or nearly so:`,
    `  within ${share * 100} % + ${bytes} B + ${readingMs / 1_000} s of reading, at most ${most * 100} %: ${count('within-tolerance')}`,
    `  beyond it, but not in each of ${REPEATS + 1} meetings: ${count('worse-sometimes')}`,
    `  beyond it in each, so lost: ${list(results.filter((result) => result.lenient && result.verdict === 'lost'))}`,
  ].join('\n');
}

export function describe({ profile, meeting, reasons, lenient }: Result): string {
  const side = (name: keyof Meeting) => JSON.stringify(meeting[name]);
  return [
    `lost: ${profile.id} (${groupOf(profile)})${lenient ? ', each time' : ''}: ${reasons.join('; ')}`,
    `  --only '${JSON.stringify(profile)}'`,
    `  ws   ${side('plain')}`,
    `  ours ${side('ours')}`,
  ].join('\n');
}

export function report(results: readonly Result[], seed: string): string {
  const delivered = completed(results, 'plain');
  return [
    table(results),
    '',
    told(results),
    leniency(results),
    '',
    `${results.length} profiles, seed ${seed}: in ${delivered.length} plain ws delivered everything, ` +
      `in ${completed(delivered, 'ours').length} of these ws-linger did`,
    `lost ${results.filter(({ verdict }) => verdict === 'lost').length}`,
  ].join('\n');
}
