/** The word of a list that differs from `word` in the fewest letters, for the hint in an error text; none where more than three differ. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const distances = words.map((other) => distance(word, other));
  const least = Math.min(...distances);
  return least <= 3 ? words[distances.indexOf(least)] : undefined;
}

/** How many letters must be changed, added or left out (Levenshtein's distance). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...b].entries()) {
      const replaced = (row[column] as number) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] as number) + 1, (next[column] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
