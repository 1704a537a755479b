/** Texts of peers and applications, to be shown in a log line or on a terminal. Pure. */

/** What ends a line, what makes a terminal do something, and what shows text in another order or hides it. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}]/gu;

/** The same text with `\u0007` and the like in the place of what cannot be shown. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
