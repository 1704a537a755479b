/** The width of all that the commands print. */
export const WIDTH = 80;

/** Breaks a text between words. The lines after the first one have an indent of their own. */
export function wrap(text: string, first: string, others: string): string {
  const lines: string[] = [];
  let [line = '', ...words] = text.split(' ');
  line = first + line;
  for (const word of words) {
    if (line.length + word.length + 1 <= WIDTH) line += ` ${word}`;
    else {
      lines.push(line);
      line = others + word;
    }
  }
  return [...lines, line].join('\n');
}
