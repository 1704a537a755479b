/** What the program of test/install/app must say. */
import assert from 'node:assert/strict';
import type { Ran } from './projects.js';

/** All of it worked, with the addon. */
export function assertNative(ran: Ran): void {
  assertWorked(ran);
  assert.equal(ran.report.control, 'native');
}

/** All of it worked without the addon, and `control: 'native'` was refused for this reason. */
export function assertPortable(ran: Ran, reason: RegExp): void {
  assertWorked(ran);
  const { control } = ran.report;
  if (control === 'native') assert.fail('the addon was loaded');
  assert.equal(control.code, 'WSL_ERR_NATIVE_UNAVAILABLE');
  assert.match(control.message, reason);
}

function assertWorked({ report: { control: _, ...rest } }: Ran): void {
  assert.deepEqual(rest, {
    echo: 'hello',
    closed: 'clean',
    aborted: { kind: 'local-abort', forced: 'reset' },
    seen: { kind: 'reset', error: 'ECONNRESET' },
  });
}
