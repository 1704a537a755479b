/** For test/windows-proof: what is a claim about Windows, and what is only a check of the test itself. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { isWine } from './wine.js';

const wine = isWine();

/** Ends a test where what it needs is missing: a skip on Wine, which is not what is asked about, a failure on Windows. */
export function missing(t: TestContext, what: string): void {
  if (wine) t.skip(`on Wine ${what}`);
  else assert.fail(what);
}

/** An answer that no claim depends on, for whoever reads the output. */
export function answer(t: TestContext, question: string, found: string): void {
  t.diagnostic(`${wine ? 'Wine' : 'Windows'}: ${question}: ${found}`);
}
