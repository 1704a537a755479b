// The report of a stability run: its charts, the verdict on memory, and the progress in a terminal.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderReport, runStability, type SoakRound, type StabilityProgress } from 'ws-linger/stability';
import { progressLines } from '../../dist/tools/cli/stability-progress.js';
import { rowChart, ticks, timeChart } from '../../dist/tools/stability/charts.js';
import { Samples } from '../../dist/tools/stability/samples.js';
import { judgeSoak } from '../../dist/tools/stability/soak.js';

const run = runStability({ connections: 4, mix: { clean: 1, rst: 1 }, duration: 1 });

describe('a report', () => {
  it('is one HTML page that loads nothing else', async () => {
    const page = renderReport(await run);
    assert.match(page, /^<!doctype html>/);
    assert.doesNotMatch(page, /<script|<link(?! rel="icon" href="data:,")|src=|@import|url\(|https?:/);
    assert.doesNotMatch(page, /NaN|undefined|Infinity|\[object/);
    for (const kind of ['clean', 'reset', 'local-abort']) assert.match(page, new RegExp(`>${kind}</text>`));
  });

  it('escapes text that comes from servers and addresses', async () => {
    const hostile = '"><script>alert(1)</script>';
    const result = await run;
    const page = renderReport({
      ...result,
      url: hostile,
      problems: [hostile],
      kinds: {},
      ends: { server: { [hostile]: 1 }, client: {} },
    });
    assert.doesNotMatch(page, /<script/);
    assert.equal(page.match(/&lt;script&gt;/g)?.length, 3);
  });

  it('renders a run without connections', async () => {
    const result = await runStability({ connections: 1, signal: AbortSignal.abort() });
    const page = renderReport(result, await run);
    assert.doesNotMatch(page, /NaN|undefined|Infinity/);
    assert.match(page, /class="verdict interrupted"/);
  });
});

describe('a chart', () => {
  it('fills its width with the largest value, and shows the smallest value above 0', () => {
    const widths = [
      ...rowChart(
        '',
        [
          { label: 'a', value: 1_000 },
          { label: 'b', value: 1 },
          { label: 'c', value: 0 },
        ],
        1_000,
      ).matchAll(/width="([\d.]+)"/g),
    ];
    assert.deepEqual(
      widths.map(([, width]) => Number(width)),
      [192, 2, 0],
    );
  });

  it('labels its axis with round numbers', () => {
    assert.deepEqual(ticks(1), [0, 1]);
    assert.deepEqual(ticks(7), [0, 2, 4, 6, 8]);
    assert.deepEqual(ticks(60), [0, 20, 40, 60]);
    assert.deepEqual(ticks(12_345), [0, 5_000, 10_000, 15_000]);
  });

  it('labels its time axis in seconds, minutes or hours', () => {
    const at = (span: number) =>
      timeChart(
        '',
        [
          { x: 0, y: 0 },
          { x: span, y: 1 },
        ],
        { span, max: 1 },
      );
    assert.match(at(4_000), />4 s</);
    assert.match(at(4 * 60_000), />4 min</);
    assert.match(at(4 * 3_600_000), />4 h</);
  });
});

function rounds(count: number, heap: (round: number) => number, rest: Partial<SoakRound> = {}): SoakRound[] {
  return Array.from({ length: count }, (_, i) => ({
    atMs: i * 3_000,
    connections: (i + 1) * 200,
    clients: 0,
    handles: 0,
    heapBytes: heap(i),
    rssBytes: 60e6,
    ...rest,
  }));
}

describe('the verdict on memory', () => {
  const noise = (i: number) => ((i * 7_919) % 100) * 1_000;

  it('is steady for a heap that warms up and then only fluctuates', () => {
    const heap = (i: number) => 5e6 + 3e5 * (1 - 0.8 ** i) + noise(i);
    assert.equal(judgeSoak(rounds(60, heap)).verdict, 'steady');
  });

  it('is growing for a heap that keeps a kilobyte of each connection', () => {
    const { verdict, bytesPerConnection } = judgeSoak(rounds(60, (i) => 5e6 + i * 200 * 1_024 + noise(i)));
    assert.equal(verdict, 'growing');
    assert.ok(bytesPerConnection && Math.abs(bytesPerConnection - 1_024) < 50, String(bytesPerConnection));
  });

  it('ignores a few outliers', () => {
    const heap = (i: number) => 5e6 + noise(i) + (i > 55 ? 20e6 : 0);
    assert.equal(judgeSoak(rounds(60, heap)).verdict, 'steady');
  });

  it('is growing if handles or clients are left, however short the run', () => {
    assert.equal(judgeSoak(rounds(1, () => 5e6, { handles: 1 })).verdict, 'growing');
    assert.equal(judgeSoak(rounds(1, () => 5e6, { clients: 1 })).verdict, 'growing');
  });

  it('is too-short or not-visible where the data are insufficient', () => {
    assert.equal(judgeSoak(rounds(11, () => 5e6)).verdict, 'too-short');
    assert.equal(judgeSoak(rounds(60, () => 5e6, { heapBytes: null, clients: null })).verdict, 'not-visible');
  });
});

it('a run of any length has a bounded number of evenly spaced samples', () => {
  const samples = new Samples<number>();
  for (let i = 0; i < 100_000; i++) samples.add(i);
  assert.ok(samples.kept.length >= 120 && samples.kept.length < 240, String(samples.kept.length));
  const steps = new Set(samples.kept.slice(1).map((at, i) => at - (samples.kept[i] as number)));
  assert.equal(steps.size, 1);
});

it('the progress fits a narrow terminal, and has the rate since the last report', () => {
  const progress = {
    atMs: 3_000,
    open: 100,
    opened: 200,
    messages: 2_000,
    ended: 100,
    phase: 'end',
    round: 2,
    done: 50,
    total: 200,
  };
  const kinds = { clean: 5, reset: 70, 'closed-without-handshake': 12, 'local-abort': 8, 'close-timeout': 1 };
  const now = { ...progress, kinds } as StabilityProgress;
  const before = { ...now, atMs: 2_000, messages: 1_500 };
  const lines = progressLines('ws-linger', now, before, 60);
  assert.equal(lines[0], `ws-linger: ending     ${'█'.repeat(6)}${'░'.repeat(18)} 50/200, roun…`);
  assert.equal(lines[1], '100 open, 500 messages/s, 3 s');
  assert.match(lines[2] ?? '', /^reset 70, closed-without-handshake 12, .*…$/);
  assert.ok(lines.every((line) => line.length <= 60));
});
