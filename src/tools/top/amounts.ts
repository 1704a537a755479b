/** Numbers, sizes and times as short texts. Pure. */

const SHORT = ['', 'K', 'M', 'G', 'T', 'P'];
const SIZES = [' B', ' KB', ' MB', ' GB', ' TB', ' PB'];

/** `48,120`; `48.1K` where that takes more than `room` characters. */
export function count(value: number, room = 12): string {
  const whole = Math.round(value).toLocaleString('en-US');
  return whole.length <= room ? whole : scaled(value, 1_000, SHORT);
}

/** `120.0` a second, `48,120` where it is a large one, `-` where it is not known. */
export function rate(perSecond: number | null, room?: number): string {
  if (perSecond === null) return '-';
  return perSecond < 1_000 ? perSecond.toFixed(1) : count(perSecond, room);
}

/** `512 B`, `3.2 MB`; 1 KB is 1024 bytes. */
export function size(bytes: number): string {
  return bytes < 1_024 ? `${Math.round(bytes)} B` : scaled(bytes, 1_024, SIZES);
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let unit = 0;
  let rest = value;
  while (rest >= base && unit < units.length - 1) {
    rest /= base;
    unit++;
  }
  return rest < 10_000 ? `${rest.toFixed(1)}${units[unit]}` : 'huge';
}

/** `1.2 ms`, `2.5 s`; `longer` beyond what was measured. */
export function time(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return 'longer';
  return ms < 1_000 ? `${Number(ms.toFixed(1))} ms` : `${Number((ms / 1_000).toFixed(1))} s`;
}

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const;

/** `2 h 13 min`: the largest unit, and the next one. */
export function age(ms: number): string {
  const first = UNITS.findIndex(([unit]) => ms >= unit);
  if (first < 0) return '0 s';
  let rest = ms;
  const parts = UNITS.slice(first, first + 2).map(([unit, name]) => {
    const amount = Math.floor(rest / unit);
    rest -= amount * unit;
    return `${count(amount)} ${name}`;
  });
  return parts.join(' ');
}

/** `12:03:11`, by the clock here. */
export function clock(at: number): string {
  return new Date(at).toTimeString().slice(0, 8);
}
