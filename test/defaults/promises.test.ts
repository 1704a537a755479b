/** Guards `npm run test:defaults`: a number that becomes a default, or changes, needs a promise that is run. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Outcome } from './promise.js';
import { PROMISES } from './promises.js';
import { hasPassed, table } from './table.js';

const ROOT = join(__dirname, '..', '..');

interface Default {
  option: string;
  numbers: number[];
}

/** The options of a file whose TSDoc has a number of ms in its `@defaultValue`. */
function defaultsIn(file: string, prefix = ''): Default[] {
  const source = readFileSync(join(ROOT, 'src', file), 'utf8');
  const documented = source.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*?)\*\/\s+(?:readonly )?(\w+)\?:/g);
  return [...documented].flatMap(([, comment = '', option]) => {
    const text = /@defaultValue([\s\S]*)/.exec(comment)?.[1] ?? '';
    const numbers = [...text.matchAll(/\d[\d_]*/g)].map(([number]) => Number(number.replaceAll('_', '')));
    return numbers.length > 0 && /\bms\b/.test(comment) ? [{ option: `${prefix}${option}`, numbers }] : [];
  });
}

/** The seconds that a page names: "30 s". */
function secondsIn(file: string): number[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/\b(\d+) s\b/g)].map(([, number]) => Number(number) * 1_000);
}

const shown = new Map<string, Set<number | string>>();
for (const { covers } of PROMISES) {
  for (const [option, number] of Object.entries(covers))
    shown.set(option, (shown.get(option) ?? new Set()).add(number));
}

describe('every default that is a number is run by npm run test:defaults', () => {
  const defaults = [...defaultsIn('options.ts'), ...defaultsIn('server/drain.ts', 'drain.')];

  it('finds the options', () => {
    const names = defaults.map(({ option }) => option);
    for (const option of ['closeTimeout', 'closeDeadline', 'upgradeTimeout', 'drain.timeout'])
      assert.ok(names.includes(option), `${names}`);
  });

  for (const { option, numbers } of defaults) {
    it(`${option}: ${numbers}`, () => {
      for (const number of numbers)
        assert.ok(shown.get(option)?.has(number), `no promise names ${option} with its default ${number}`);
    });
  }

  it('and every number of seconds that the README names', () => {
    const numbers = new Set([...shown.values()].flatMap((all) => [...all]));
    for (const ms of secondsIn('README.md')) assert.ok(numbers.has(ms), `no promise shows the README's ${ms} ms`);
  });
});

describe('the table of promises', () => {
  const [promise] = PROMISES;
  assert.ok(promise);
  const row = (outcomes: Outcome[]) => ({ promise, outcomes });

  it('fails where one connection of many fails, and names it', () => {
    const result = row([
      { variant: 'server tcp', ms: 2_010, ok: true },
      { variant: 'client tls', ms: null, ok: false },
    ]);
    assert.equal(hasPassed(result), false);
    assert.match(table([result]), /^FAIL .* 2\.01 s, never: 1 \(2\)\n {6}client tls: never$/);
  });

  it('fails where nothing was measured, or nothing could be tried', () => {
    assert.equal(hasPassed(row([])), false);
    assert.equal(hasPassed({ ...row([{ variant: 'server tcp', ms: 1, ok: true }]), failure: 'no port' }), false);
  });
});
