/** Finds warnings in a package manager's output, except those about the user's settings and these tests' own options. */
export function warnings(output: string): string[] {
  const warning = /^(npm warn|npm WARN|warning) |WARN|deprecated|➤ YN0(?!000|013|085)/;
  const expected = /Unknown (user|env) config|Ignored scripts due to flag|ESM support for PnP|Done with warnings/;
  return output.split('\n').filter((line) => warning.test(line) && !expected.test(line));
}
