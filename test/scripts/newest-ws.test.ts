// The report on the newest ws, which `npm run newest-ws` writes and a workflow makes an issue of.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from '../support/child.js';

interface Result {
  command: string;
  code: number;
  output: string;
}

const { newestReport } = require(join(ROOT, 'scripts', 'suites', 'newest-report.js')) as {
  newestReport(given: { locked: string; newest: string; results: Result[] }): string | null;
};

const passed: Result = { command: 'npm test', code: 0, output: '900 passed, 0 failed' };
const title = (report: string | null) => report?.split('\n')[0];

describe('the report on the newest ws', () => {
  it('is not made where the locked version is the newest, and all tests pass', () => {
    assert.equal(newestReport({ locked: '8.23.0', newest: '8.23.0', results: [passed] }), null);
  });

  it('names a version that the lock file does not have, though all tests pass', () => {
    const report = newestReport({ locked: '8.23.0', newest: '8.24.0', results: [passed] });
    assert.equal(title(report), '# ws 8.24.0: all tests pass');
    assert.match(report ?? '', /package-lock\.json has ws 8\.23\.0/);
  });

  it('names the tests that differ, by the lines that do so', () => {
    const suites = {
      command: 'npm run test:suites',
      code: 1,
      output: "much\nws's own, ws 8.24.0, linux: FAILS WITH ws-linger: closes\nError: x\n1 failed\n",
    };
    const own = { command: 'npm test', code: 1, output: 'much\r\nFAILED on Linux: test/a.test.ts: opens\r\n' };
    const report = newestReport({ locked: '8.23.0', newest: '8.24.0', results: [passed, suites, own] }) ?? '';
    assert.equal(title(report), '# ws 8.24.0: 2 of 3 checks fail');
    assert.match(report, /^ws's own, ws 8\.24\.0, linux: FAILS WITH ws-linger: closes$/m);
    assert.match(report, /^FAILED on Linux: test\/a\.test\.ts: opens$/m);
    assert.doesNotMatch(report, /much/);
  });

  it('has the end of what a command printed that named no test', () => {
    const crashed = { command: 'npm test', code: 1, output: `${'line\n'.repeat(100)}error TS2345\n` };
    const report = newestReport({ locked: '8.23.0', newest: '8.23.0', results: [crashed] }) ?? '';
    assert.equal(title(report), '# ws 8.23.0: 1 of 1 checks fail');
    assert.match(report, /^error TS2345$/m);
    assert.equal(report.match(/^line$/gm)?.length, 19);
  });

  it('stays short, and leaves its block of text only at the end', () => {
    const output = Array.from({ length: 80 }, (_, i) => `FAILED test ${i} with \`\`\`\` in it`).join('\n');
    const report =
      newestReport({ locked: '1', newest: '2', results: [{ command: 'npm test', code: 1, output }] }) ?? '';
    assert.match(report, /^and 30 more$/m);
    assert.equal(report.match(/^`{5}(text)?$/gm)?.length, 2);
  });
});
