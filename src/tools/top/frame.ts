/** Draws figures as lines of plain text: no colours, nothing but printable characters, none wider than asked for. Pure. */
import { age, clock, count, rate, size, time } from './amounts';
import { columnsOf, fit, left, right } from './columns';
import type { Figures, Summary } from './figures';
import { PHASES } from './reading';

/** What is shown beside the figures. */
export interface View {
  /** Where they come from. */
  source: string;
  /** When this was asked for, in ms since 1970. */
  at: number;
  /** Why there are no newer figures; null where they are new. */
  problem: string | null;
  /** No line has more columns. The tables take 79. */
  width: number;
  /** There are no more lines. The last ends take those that are left. */
  height: number;
}

/** Of the slow consumers, so many are shown. */
const MOST_CONSUMERS = 3;
/** The columns of a label before a text. */
const LABEL = 16;

export function frame(figures: Figures, view: View): string[] {
  const { width, height } = view;
  const airy = [
    ...title(figures, view),
    '',
    ...connections(figures),
    '',
    ...ends(figures, width),
    '',
    ...roundTrips(figures),
    lingering(figures),
    ...slowConsumers(figures),
    '',
  ];
  const lines = airy.length + 2 <= height ? airy : airy.filter((line) => line !== '');
  lines.push(...lastEnds(figures, height - lines.length - 1));
  return lines.slice(0, height).map((line) => fit(line, width).trimEnd());
}

function title({ version, uptimeMs }: Figures, { source, at, problem, width }: View): string[] {
  const name = `ws-linger${version === null ? '' : ` ${version}`}${uptimeMs === null ? '' : `, up ${age(uptimeMs)}`}`;
  const now = clock(at);
  return [left(name, Math.max(0, width - columnsOf(now))) + now, problem ?? source];
}

/** As wide as the names of the phases, and what is counted. */
const PHASE_WIDTHS = [9, 9, 11, 9, 9];

function connections({ connections }: Figures): string[] {
  const row = (label: string, phases: readonly string[], opened: string, perSecond: string) =>
    [
      left(label, 13),
      ...phases.map((text, i) => right(text, PHASE_WIDTHS[i] ?? 0)),
      right(opened, 10),
      right(perSecond, 8),
    ].join('');
  return [
    row('connections', PHASES, 'opened', '/s'),
    ...connections.map(({ role, now, opened, openedPerSecond }) => {
      const phases = PHASES.map((phase) => count(now[phase] ?? 0, 8));
      return row(`  ${role}`, phases, count(opened, 9), rate(openedPerSecond, 7));
    }),
  ];
}

function ends({ ends, endsByKind }: Figures, width: number): string[] {
  const cell = (label: string, perSecond: string, all: string) => left(label, 24) + right(perSecond, 7) + right(all, 8);
  const rows = [{ kind: 'ends', ...ends }, ...endsByKind];
  const cells = rows.map(({ kind, perSecond, count: all }) => cell(kind, rate(perSecond, 6), count(all, 7)));
  const across = width >= 79 && cells.length > 1 ? 2 : 1;
  const lines = [Array.from({ length: across }, () => cell('', '/s', 'all'))];
  for (let i = 0; i < cells.length; i += across) lines.push(cells.slice(i, i + across));
  return lines.map((line) => line.join(' '));
}

function labelled(label: string, text: string): string {
  return left(label, LABEL) + text;
}

function roundTrips({ roundTrips: { recent, all }, elapsedMs }: Figures): string[] {
  if (!all) return [labelled('round trips', 'none measured: no heartbeat has run')];
  const said = ({ meanMs, p99Ms }: Summary) => `mean ${time(meanMs)}, 99 % within ${time(p99Ms)}`;
  const lines = [labelled('round trips', `${count(all.count)} in all: ${said(all)}`)];
  if (recent)
    lines.push(labelled('', `${count(recent.count)} in the last ${seconds(elapsedMs ?? 0)}: ${said(recent)}`));
  return lines;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function lingering({ lingering: { sockets, bytes, outcomes } }: Figures): string {
  const waiting = bytes === null || sockets === 0 ? '' : ` with ${size(bytes)} to send`;
  const others = Object.entries(outcomes).map(([outcome, times]) => `${count(times)} ${outcome}`);
  return labelled('lingering', [`${count(sockets)} now${waiting}`, ...others].join(', '));
}

function slowConsumers({ slowConsumers }: Figures): string[] {
  if (slowConsumers === null) return [labelled('slow consumers', NOT_IN_METRICS)];
  if (slowConsumers.length === 0) return [labelled('slow consumers', 'none: nothing is queued for a peer')];
  return slowConsumers
    .slice(0, MOST_CONSUMERS)
    .map(({ bytes, ...peer }, i) =>
      labelled(i === 0 ? 'slow consumers' : '', `${size(bytes)} queued for ${nameOf(peer)}`),
    );
}

const NOT_IN_METRICS = 'not in the metrics; statusHandler() tells them';

function lastEnds({ recentEnds }: Figures, most: number): string[] {
  if (recentEnds === null) return [labelled('last ends', NOT_IN_METRICS)];
  if (recentEnds.length === 0) return [labelled('last ends', 'none yet')];
  const newest = recentEnds.slice(-Math.max(1, most)).reverse();
  return [
    'last ends, the newest first',
    ...newest.map(({ at, sentence, ...peer }) => `  ${clock(at)} ${nameOf(peer)}: ${sentence}`),
  ];
}

/** The id that the application gave, and the address. */
function nameOf({ id, address }: { id: string; address: string }): string {
  const known = [fit(id, 20), fit(address, 39)].filter((text) => text !== '');
  return known.join(' ') || 'a peer';
}
