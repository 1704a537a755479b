/** Texts in the columns of a terminal: what it cannot show is escaped, and wide characters count twice. Pure. */
import stringWidth from 'string-width';
import { printable } from '../../printable';

const CUT = '...';

/** Of a text so many code units for each column are looked at, since marks that stand on other characters take no column. */
const UNITS_PER_COLUMN = 6;

/** At most `width` columns of a text. One that is longer ends in `...`. */
export function fit(text: string, width: number): string {
  const safe = printable(text.slice(0, UNITS_PER_COLUMN * width));
  if (columnsOf(safe) <= width) return safe;
  const room = Math.max(0, width - CUT.length);
  let used = 0;
  let cut = '';
  for (const character of safe) {
    used += columnsOf(character);
    if (used > room) break;
    cut += character;
  }
  return cut + CUT.slice(0, width);
}

/** Exactly `width` columns, with spaces behind the text. */
export function left(text: string, width: number): string {
  const fitted = fit(text, width);
  return fitted + ' '.repeat(Math.max(0, width - columnsOf(fitted)));
}

/** Exactly `width` columns, with spaces before the text. */
export function right(text: string, width: number): string {
  const fitted = fit(text, width);
  return ' '.repeat(Math.max(0, width - columnsOf(fitted))) + fitted;
}

/** Each character by itself: not every terminal joins those of an emoji. */
export function columnsOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  return [...text].reduce((sum, character) => sum + stringWidth(character), 0);
}
