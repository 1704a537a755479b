/** Helpers of test/windows-proof, whose tests also run on Wine to check the tests themselves. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { isWine } from './wine.js';

const wine = isWine();

/**
 * Ends a test because the system does not behave as claimed: a failure on Windows, a skip on Wine, of which nothing is
 * claimed.
 */
export function failUnlessWine(t: TestContext, what: string): void {
  if (wine) t.skip(`on Wine ${what}`);
  else assert.fail(what);
}

/** Prints an observation that no assertion depends on. */
export function note(t: TestContext, question: string, found: string): void {
  t.diagnostic(`${wine ? 'Wine' : 'Windows'}: ${question}: ${found}`);
}
