/** How a run stands, on three lines of a terminal, while it goes on. */
import { MultiBar } from 'cli-progress';
import type { StabilityProgress } from '../stability/timeline';

const BAR = 24;
const PHASES = { open: 'opening', exchange: 'exchanging', end: 'ending' } as const;

export interface Live {
  update(progress: StabilityProgress): void;
  stop(): void;
}

/** Nothing is drawn where stderr is no terminal. `name` is of what is tested. */
export function liveProgress(name: string): Live {
  if (!process.stderr.isTTY) return { update() {}, stop() {} };
  let lines: string[] = [];
  // One bar a line: the library moves the cursor, and cuts what a narrow terminal cannot show.
  const bars = new MultiBar({
    format: (_options, _params, { line }: { line: number }) => lines[line] ?? '',
    clearOnComplete: true,
    hideCursor: true,
    stream: process.stderr,
  });
  for (let line = 0; line < 3; line++) bars.create(1, 0, { line });
  let before: StabilityProgress | undefined;
  return {
    update(progress) {
      lines = progressLines(name, progress, before, process.stderr.columns);
      before = progress;
      bars.update();
    },
    stop: () => bars.stop(),
  };
}

/** The lines for a progress, none longer than `columns`. */
export function progressLines(
  name: string,
  progress: StabilityProgress,
  before: StabilityProgress | undefined,
  columns = 80,
): string[] {
  const { atMs, open, messages, phase, round, done, total, kinds } = progress;
  const filled = Math.round((done / total) * BAR);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR - filled);
  const perSecond = before ? ((messages - before.messages) * 1000) / Math.max(1, atMs - before.atMs) : 0;
  const common = Object.entries(kinds).sort(([, a], [, b]) => b - a);
  return [
    `${name}: ${PHASES[phase].padEnd(10)} ${bar} ${done}/${total}${round > 1 ? `, round ${round}` : ''}`,
    `${open} open, ${Math.round(perSecond)} messages/s, ${Math.round(atMs / 1000)} s`,
    common.map(([kind, count]) => `${kind} ${count}`).join(', ') || 'no ends yet',
  ].map((line) => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line));
}
