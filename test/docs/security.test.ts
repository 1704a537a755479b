// docs/security.md: one page, whose numbers are those of the source, and whose tests exist.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ATTACKS } from '../attacks/attacks.js';
import { LIMITS as ATTACKED, LINES_PER_SECOND, LONGEST_LINE } from '../attacks/judge.js';
import { ROOT } from '../support/child.js';

const read = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8');
const page = read('docs', 'security.md');

/** Where each limit of the table is: what the page says, and the line that makes it so. */
const LIMITS: [says: string, file: string, line: RegExp][] = [
  ['10 s', 'src/options.ts', /\bupgradeTimeout\b.*\b10_000\b/],
  ['2 s', 'src/options.ts', /\bcloseTimeout\b.*\b2_000\b/],
  ['30 s', 'src/options.ts', /\bcloseDeadline\b.*\b30_000\b/],
  ['30 s, and ten probes', 'src/options.ts', /\bkeepAlive\b.*\b30_000\b/],
  ["1.1 times what plain ws's hold that wait", 'test/scale/lingering.test.ts', /ours\.heapWaiting <= 1\.1 \* plain/],
  ['1000', 'src/options.ts', /\brecentEnds\b.*\b1_?000\b/],
  ['20, and one that counts the others', 'src/telemetry/log.ts', /LINES_PER_SECOND = 20;/],
  ['1500 characters, without line breaks or control characters', 'test/telemetry/log.test.ts', /line\.length < 1_500/],
  ['64 KB', 'src/telemetry/stderr.ts', /MAX_QUEUED = 64 \* 1024;/],
  ['1000', 'src/telemetry/default-logger.ts', /MAX_WAITING = 1_000;/],
  ['802', 'test/telemetry/metrics.test.ts', /everything\(.*\), 802\)/],
  ['16', 'native/socket_lookup.cc', /kStepsPerLookup = 16;/],
];

describe('docs/security.md', () => {
  it('is one page', () => {
    const words = page.split(/\s+/).length;
    assert.ok(words <= 1_200, `${words} words`);
  });

  it('names only files that exist', () => {
    const files = [...page.matchAll(/`((?:test|native|scripts|prebuilds|\.github)\/[^`]*)`/g)].map(
      ([, file]) => file as string,
    );
    assert.ok(files.length > 20);
    for (const file of files) assert.ok(existsSync(join(ROOT, file)), file);
  });

  it('has limits that are those of the source, each with its test', () => {
    const table = page.split('## What a hostile peer can use up')[1]?.split(/^- /m)[0] ?? '';
    const rows = [...table.matchAll(/^\| (.+) \| (.+) \| (.+) \|$/gm)].slice(2);
    assert.deepEqual(
      rows.map(([, , says]) => says),
      LIMITS.map(([says]) => says),
    );
    for (const [, what, , tests] of rows) assert.match(tests as string, /^`\S+`$/, what);
    for (const [says, file, line] of LIMITS) assert.match(read(file), line, `${says} in ${file}`);
  });

  it('counts the functions that the addon imports', () => {
    const lists = ['kernel32.def', 'ws2_32.def'].map((file) => read('native', 'cross', file).split('EXPORTS')[1] ?? '');
    const functions = lists.flatMap((list) => list.trim().split(/\s+/));
    assert.ok(page.includes(`imports ${functions.length} functions of Windows`), `${functions}`);
  });
});

describe('docs/attacks.md', () => {
  it('says of each attack what it cost, and the limits that were held', () => {
    const page = read('docs', 'attacks.md');
    const rows = [...page.matchAll(/^\| (.+?) \|.+\|$/gm)].slice(2).map(([, name]) => name as string);
    assert.ok(rows.length > 10);
    for (const { name } of ATTACKS)
      assert.ok(rows.includes(name.split(' ', 1)[0] as string) || rows.includes(name), name);
    for (const row of rows)
      assert.ok(
        ATTACKS.some(({ name }) => name.startsWith(row)),
        row,
      );
    const bytes = ATTACKS.flatMap(({ heldPerPeer }) => heldPerPeer || []);
    assert.equal(new Set(bytes).size, 1);
    for (const limit of [
      `${ATTACKED.peakMb.times} times ws's and ${ATTACKED.peakMb.plus} MB`,
      `${ATTACKED.heldMb.times} times ws's and ${ATTACKED.heldMb.plus} MB`,
      `${bytes[0]} bytes`,
      `CPU ${ATTACKED.cpuMs.times} times ws's and ${ATTACKED.cpuMs.plus} ms`,
      `${ATTACKED.turnMs.times} times ws's and ${ATTACKED.turnMs.plus} ms`,
      `${LINES_PER_SECOND} log lines`,
      `${LONGEST_LINE} characters`,
    ])
      assert.ok(page.replaceAll(/\s+/g, ' ').includes(limit), limit);
  });
});
