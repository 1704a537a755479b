// Sums up many rounds. Contestants are compared within each round, since rounds differ more than contestants do.

/** Median, smallest and largest. */
function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

/** A measure's figures by round; undefined for a round without one. */
function series({ figures }, contestant, measure) {
  return (figures[contestant] ?? []).map((round) => round?.[measure]);
}

/** The summary of `combine` over two series, round by round; null when they have no round in common. */
function paired(ours, theirs, combine) {
  const values = ours.flatMap((value, round) => {
    const other = theirs.length === 1 ? theirs[0] : theirs[round]; // measured once, and compared with every round
    return value === undefined || other === undefined ? [] : [combine(value, other)];
  });
  const finite = values.filter(Number.isFinite); // a ratio to 0 is none
  return finite.length > 0 ? summary(finite) : null;
}

const ratio = (ours, theirs) => paired(ours, theirs, (a, b) => a / b);
const difference = (ours, theirs) => paired(ours, theirs, (a, b) => a - b);

/** The rows of a measure's table: case, contestant, summary and, except for the first contestant, the ratio to it. */
function rowsOf({ cases }, measure) {
  return cases.flatMap((kase) => {
    const [first] = Object.keys(kase.figures);
    return Object.keys(kase.figures).flatMap((contestant) => {
      const values = series(kase, contestant, measure);
      const known = values.filter((value) => value !== undefined);
      if (known.length === 0) return [];
      const against = contestant === first ? null : ratio(values, series(kase, first, measure));
      return [{ case: kase, contestant, ...summary(known), first, ratio: against }];
    });
  });
}

module.exports = { summary, series, ratio, difference, rowsOf };
