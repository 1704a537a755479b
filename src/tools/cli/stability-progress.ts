/** Shows the progress of a stability run on three lines of a terminal. */
import { MultiBar } from 'cli-progress';
import type { StabilityProgress } from '../stability/timeline';

const BAR_WIDTH = 24;
const PHASES = { open: 'opening', exchange: 'exchanging', end: 'ending' } as const;

export interface ProgressDisplay {
  update(progress: StabilityProgress): void;
  stop(): void;
}

/** Starts the display. Draws nothing when stderr is not a terminal. `name` is the name of the tested server. */
export function startProgressDisplay(name: string): ProgressDisplay {
  if (!process.stderr.isTTY) return { update() {}, stop() {} };
  let lines: string[] = [];
  // One "bar" per line: the library moves the cursor and cuts lines at the width of the terminal.
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

/** Returns the three lines for a progress, none longer than `columns`. `before` is the progress shown last. */
export function progressLines(
  name: string,
  progress: StabilityProgress,
  before: StabilityProgress | undefined,
  columns = 80,
): string[] {
  const { atMs, open, messages, phase, round, done, total, kinds } = progress;
  const filled = Math.round((done / total) * BAR_WIDTH);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
  const perSecond = before ? ((messages - before.messages) * 1000) / Math.max(1, atMs - before.atMs) : 0;
  const common = Object.entries(kinds).sort(([, a], [, b]) => b - a);
  return [
    `${name}: ${PHASES[phase].padEnd(10)} ${bar} ${done}/${total}${round > 1 ? `, round ${round}` : ''}`,
    `${open} open, ${Math.round(perSecond)} messages/s, ${Math.round(atMs / 1000)} s`,
    common.map(([kind, count]) => `${kind} ${count}`).join(', ') || 'no connection has ended yet',
  ].map((line) => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line));
}
