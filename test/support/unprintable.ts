/** What ends a line, what makes a terminal do something, and what shows text in another order or hides it. */
export const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}]/u;
