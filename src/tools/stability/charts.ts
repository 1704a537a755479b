/**
 * Draws bar charts and time charts as SVG text. They are 420 units wide, so that they stay readable on a phone. Colours
 * and fonts come from the page's CSS classes. Pure.
 */

const WIDTH = 420;

/** Escapes text for HTML, SVG and XML. */
export function escaped(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => entities[character] as string);
}

export interface Bar {
  label: string;
  value: number;
  /** Draws the bar in the warning colour. */
  bad?: boolean;
}

/** Draws horizontal bars, each with its label on the left and its value on the right. The value `max` fills the width. */
export function rowChart(title: string, rows: readonly Bar[], max: number): string {
  const [labels, row, bar] = [178, 24, 14];
  const scale = (WIDTH - labels - 50) / Math.max(1, max);
  const drawn = rows.map(({ label, value, bad }, i) => {
    const y = i * row;
    const width = Math.max(value > 0 ? 2 : 0, value * scale);
    return (
      `<text class="label" x="${labels - 8}" y="${y + 16}" text-anchor="end">${escaped(label)}</text>` +
      `<rect class="${bad ? 'bar bad' : 'bar'}" x="${labels}" y="${y + 5}" width="${fixed(width)}" height="${bar}" rx="2"/>` +
      `<text class="value" x="${fixed(labels + width + 6)}" y="${y + 16}">${value}</text>`
    );
  });
  return svg(title, Math.max(1, rows.length) * row + 4, drawn.join(''));
}

/** Draws vertical bars with their labels below and their values above. The value `max` fills the height. */
export function columnChart(title: string, bars: readonly Bar[], max: number): string {
  const [height, top, left] = [190, 18, 10];
  const bottom = height - 24;
  const step = (WIDTH - 2 * left) / Math.max(1, bars.length);
  const drawn = bars.map(({ label, value, bad }, i) => {
    const x = left + i * step;
    const size = Math.max(value > 0 ? 2 : 0, (value / Math.max(1, max)) * (bottom - top));
    const middle = fixed(x + step / 2);
    const count =
      value > 0
        ? `<text class="value" x="${middle}" y="${fixed(bottom - size - 5)}" text-anchor="middle">${value}</text>`
        : '';
    return (
      `<rect class="${bad ? 'bar bad' : 'bar'}" x="${fixed(x + step * 0.12)}" y="${fixed(bottom - size)}" ` +
      `width="${fixed(step * 0.76)}" height="${fixed(size)}" rx="2"/>${count}` +
      `<text class="label" x="${middle}" y="${height - 8}" text-anchor="middle">${escaped(label)}</text>`
    );
  });
  return svg(title, height, `<path class="axis" d="M${left} ${bottom + 0.5}H${WIDTH - left}"/>${drawn.join('')}`);
}

export interface Point {
  /** Milliseconds. */
  x: number;
  y: number;
}

export interface TimeScale {
  /** The end of the time axis, in ms. It begins at 0. */
  span: number;
  /** The quantity that fills the height. */
  max: number;
  /** Formats a quantity for the axis. */
  name?: (y: number) => string;
}

/** Draws a quantity over time as a filled line. */
export function timeChart(title: string, points: readonly Point[], { span, max, name = String }: TimeScale): string {
  const [height, upper, left, right] = [150, 12, 58, 12];
  const bottom = height - 24;
  const yTicks = ticks(Math.max(1, max));
  const top = yTicks.at(-1) as number;
  const unit = timeUnit(span);
  const atX = (x: number) => fixed(left + (x / span) * (WIDTH - left - right));
  const atY = (y: number) => fixed(bottom - (y / top) * (bottom - upper));
  const grid = yTicks.map(
    (y) =>
      `<path class="${y === 0 ? 'axis' : 'grid'}" d="M${left} ${atY(y)}H${WIDTH - right}"/>` +
      `<text class="label" x="${left - 8}" y="${fixed(Number(atY(y)) + 4)}" text-anchor="end">${escaped(name(y))}</text>`,
  );
  const times = ticks(span / unit.ms)
    .filter((x) => x * unit.ms <= span)
    .map((x) => {
      const where = `x="${atX(x * unit.ms)}" y="${height - 6}" text-anchor="middle"`;
      return `<text class="label" ${where}>${x} ${unit.name}</text>`;
    });
  const line = points.map(({ x, y }) => `${atX(x)} ${atY(y)}`).join('L');
  const area = `M${atX(points[0]?.x ?? 0)} ${bottom}L${line}V${bottom}Z`;
  const drawn = points.length > 1 ? `<path class="area" d="${area}"/><path class="line" d="M${line}"/>` : '';
  return svg(title, height, grid.join('') + times.join('') + drawn);
}

function svg(title: string, height: number, content: string): string {
  const name = escaped(title);
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${name}"><title>${name}</title>${content}</svg>`;
}

function timeUnit(ms: number): { ms: number; name: string } {
  if (ms >= 3 * 3_600_000) return { ms: 3_600_000, name: 'h' };
  return ms >= 3 * 60_000 ? { ms: 60_000, name: 'min' } : { ms: 1_000, name: 's' };
}

/** Returns about four round numbers for an axis, from 0 to the first that is not below `max`. */
export function ticks(max: number): number[] {
  const rough = max / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power);
  const count = Math.ceil(max / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

function fixed(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '');
}
