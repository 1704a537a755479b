// Where the global timers are those of a page (jest-environment-jsdom, Electron's renderer), all limits hold.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { PageTimers } from './edges/page-timers.js';
import { parseOutput, runEdge } from './support/child.js';

it('limits, log lines and drains need no timers but those of a page', async () => {
  assert.deepEqual(parseOutput<PageTimers>(await runEdge('page-timers')), {
    closed: 'close-timeout',
    pinged: 'timed-out',
    drained: { 'close-timeout': 2 },
    lines: [20, 5],
    guarded: 2,
  } satisfies PageTimers);
});
