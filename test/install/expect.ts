/** Checks the report of the program in test/install/app. */
import assert from 'node:assert/strict';
import type { Ran } from './projects.js';

/** Checks that everything worked with the addon. */
export function assertNative(ran: Ran): void {
  assertWorked(ran);
  assert.equal(ran.report.control, 'native');
}

/** Checks that everything worked without the addon, and that `control: 'native'` was refused for this reason. */
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
