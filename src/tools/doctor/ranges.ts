/** Says whether a range of a package.json allows versions of one major. Pure. */

/** `>= 7.1.2`, `^8`, `~8.17.1`, `8.x`, `*`: an operator and a major version. */
const COMPARATOR = /^(\^|~>?|>=?|<=?|=)?v?(?:(\d+)((?:\.\d+)*)|[xX*]$)/;

/** `8.1 - 9`: from one version to another one. */
const HYPHEN = /^(\S+)\s+-\s+(\S+)$/;

/** Null for what is no range: a tag, an address, a folder. */
export function allowsMajor(range: string, major: number): boolean | null {
  const alternatives = range
    .replace(/^workspace:|^npm:(?:.*@)?/, '')
    .split('||')
    .map((alternative) => allows(alternative.trim(), major));
  if (alternatives.includes(true)) return true;
  return alternatives.includes(null) ? null : false;
}

function allows(alternative: string, major: number): boolean | null {
  if (alternative === '') return true;
  const [, low, high] = HYPHEN.exec(alternative) ?? [];
  const comparators =
    low && high ? [`>=${low}`, `<=${high}`] : alternative.replace(/([\^~<>=])\s+/g, '$1').split(/\s+/);
  const results = comparators.map((comparator) => meets(comparator, major));
  return results.includes(null) ? null : !results.includes(false);
}

function meets(comparator: string, major: number): boolean | null {
  const found = COMPARATOR.exec(comparator);
  if (!found) return null;
  const [, operator = '', digits, rest = ''] = found;
  if (digits === undefined) return true;
  const wanted = Number(digits);
  if (operator === '>') return major > wanted || (major === wanted && rest !== '');
  if (operator === '>=') return major >= wanted;
  if (operator === '<=') return major <= wanted;
  // `<8.1` allows versions of 8, `<8` and `<8.0.0` allow none.
  if (operator === '<') return major < wanted || (major === wanted && /[1-9]/.test(rest));
  return major === wanted;
}
