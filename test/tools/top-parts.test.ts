// The parts of `ws-linger top`: it reads both formats, compares readings, and draws frames that fit, whatever they are given.
import assert from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { describe, it } from 'node:test';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import stringWidth from 'string-width';
import * as opentelemetry from 'ws-linger/opentelemetry';
import * as prometheus from 'ws-linger/prometheus';
import { CLOSE_KINDS } from '../../dist/close-info.js';
import { age, count, rate, size, time } from '../../dist/tools/top/amounts.js';
import { readAnswer } from '../../dist/tools/top/answer.js';
import { columnsOf, fit, left, right } from '../../dist/tools/top/columns.js';
import { figuresOf } from '../../dist/tools/top/figures.js';
import { frame, type View } from '../../dist/tools/top/frame.js';
import type { Reading } from '../../dist/tools/top/reading.js';
import { draw, NOTHING_YET, withAnswer, withoutAnswer } from '../../dist/tools/top/watch.js';
import { UNPRINTABLE } from '../support/unprintable.js';

const zeros = Object.fromEntries(CLOSE_KINDS.map((kind) => [kind, 0]));
const noTimes = { count: 0, sum: 0, buckets: [] };
const times = {
  count: 200,
  sum: 300,
  buckets: [
    { upTo: 1, count: 100 },
    { upTo: 5, count: 198 },
    { upTo: null, count: 200 },
  ],
};
const role = (more: object = {}) => ({
  connections: { opening: 0, open: 0, handshake: 0, fin: 0, cut: 0 },
  ...{ opened: 0, ended: zeros, lingering: { now: 0, delivered: 0, cut: 0, lost: 0 }, rttMs: noTimes },
  ...more,
});
const STATUS = {
  ...{ version: '8.0.0', at: 1_700_000_000_000, uptimeMs: 7_980_000 },
  server: role({
    connections: { opening: 0, open: 4_812, handshake: 17, fin: 3, cut: 1 },
    opened: 48_120,
    ended: { ...zeros, clean: 12, reset: 5_000, 'closed-without-handshake': 3 },
    lingering: { now: 2, delivered: 100, cut: 1, lost: 0 },
    rttMs: times,
  }),
  client: role(),
  lingering: { sockets: 2, bytes: 3_355_443 },
  slowConsumers: [
    { bytes: 1_258_291, remoteAddress: '192.0.2.7', connectionId: 42 },
    { bytes: 900, connectionId: 'sensor' },
  ],
  recentEnds: [
    { at: 1_700_000_000_000, kind: 'clean', sentence: 'The peer closed the connection', remoteAddress: '192.0.2.1' },
    { at: 1_700_000_001_000, kind: 'reset', sentence: 'The peer reset the connection (ECONNRESET)' },
  ],
};

const METRICS = `# HELP ws_linger_connections WebSocket connections at present
# TYPE ws_linger_connections gauge
ws_linger_connections{role="server",phase="open"} 4812
ws_linger_connections{role="server",phase="handshake"} 17
ws_linger_connections{role="client",phase="open"} 2
ws_linger_connections_opened_total{role="server"} 48120
ws_linger_connections_opened_total{role="client"} 2
ws_linger_disconnects_total{role="server",kind="reset"} 5000
ws_linger_disconnects_total{role="client",kind="reset"} 1
ws_linger_disconnects_total{kind="clean",role="server",app="a \\"quoted\\" } name"} 12 1700000000000
ws_linger_disconnects_total{role="server",kind="unknown"} 0 # {trace_id="abc"} 1 1700000000.1
ws_linger_lingering{role="server"} 2
ws_linger_lingered_total{role="server",outcome="delivered"} 100
ws_linger_rtt_seconds_bucket{le="0.001",role="server"} 100
ws_linger_rtt_seconds_bucket{le="0.005",role="server"} 198
ws_linger_rtt_seconds_bucket{le="+Inf",role="server"} 200
ws_linger_rtt_seconds_sum{role="server"} 0.3
ws_linger_rtt_seconds_count{role="server"} 200
ws_linger_close_duration_seconds_count{role="server",kind="reset"} NaN
process_start_time_seconds 1700000000
# EOF
`;

const VIEW: View = { source: '127.0.0.1:9090/status', at: Date.now(), problem: null, width: 80, height: 23 };
const readStatus = (more: object = {}) => readAnswer(JSON.stringify({ ...STATUS, ...more })) as Reading;
const framed = (reading: Reading, view: Partial<View> = {}) =>
  frame(figuresOf({ reading, at: 0 }, null), { ...VIEW, ...view });

describe('an answer', () => {
  it('is the status', () => {
    const reading = readStatus();
    assert.equal(reading.version, '8.0.0');
    assert.deepEqual(reading.connections.server, { now: STATUS.server.connections, opened: 48_120 });
    assert.deepEqual([reading.ended.reset, reading.ended.clean, reading.ended.unknown], [5_000, 12, 0]);
    assert.deepEqual(reading.roundTrips.buckets.at(-1), { upToMs: Number.POSITIVE_INFINITY, count: 200 });
    assert.deepEqual(reading.lingering, {
      ...{ sockets: 2, bytes: 3_355_443 },
      outcomes: { delivered: 100, cut: 1, lost: 0 },
    });
    assert.deepEqual(reading.slowConsumers?.[0], { bytes: 1_258_291, address: '192.0.2.7', id: '42' });
    assert.equal(reading.recentEnds?.[1]?.sentence, 'The peer reset the connection (ECONNRESET)');
  });

  it('is the metrics, with labels in any order, times and exemplars', () => {
    const reading = readAnswer(METRICS) as Reading;
    assert.deepEqual(reading.connections, {
      server: { now: { open: 4_812, handshake: 17 }, opened: 48_120 },
      client: { now: { open: 2 }, opened: 2 },
    });
    assert.deepEqual(reading.ended, { reset: 5_001, clean: 12, unknown: 0 });
    assert.deepEqual(reading.roundTrips, {
      ...{ count: 200, sumMs: 300 },
      buckets: [
        { upToMs: 1, count: 100 },
        { upToMs: 5, count: 198 },
        { upToMs: Number.POSITIVE_INFINITY, count: 200 },
      ],
    });
    assert.deepEqual(reading.lingering, { sockets: 2, bytes: null, outcomes: { delivered: 100 } });
    assert.deepEqual(
      [reading.version, reading.uptimeMs, reading.slowConsumers, reading.recentEnds],
      [null, null, null, null],
    );
  });

  for (const [which, unit] of [
    ['for Node', ''],
    ['of the Collector, which appends units', '_seconds'],
  ]) {
    it(`is the same by OpenTelemetry's exporter ${which}`, async () => {
      const register = new Registry();
      const exporter = new PrometheusExporter({ preventServerStart: true });
      const meter = new MeterProvider({ readers: [exporter] }).getMeter('test');
      const stops = [prometheus.collectMetrics({ register }), opentelemetry.collectMetrics(meter)];
      const publish = (name: string, message: object) => channel(`ws-linger:${name}`).publish(message);
      for (const role of ['server', 'server', 'client']) {
        publish('open', { role });
        publish('rtt', { role, rttMs: 7 });
        publish('disconnect', { role, info: { kind: 'reset', phase: 'open', openMs: 1, elapsedMs: 1 } });
        publish('lingered', { role, outcome: 'lost' });
      }
      const { resourceMetrics } = await exporter.collect();
      const text = new PrometheusSerializer().serialize(resourceMetrics).replace(/(?<=_duration)(?=_)/g, String(unit));
      const reading = readAnswer(text);
      assert.deepEqual(reading, readAnswer(await register.metrics()));
      assert.deepEqual([reading?.ended.reset, reading?.roundTrips.count], [3, 3]);
      for (const stop of stops) stop();
    });
  }

  for (const [what, text] of [
    ['nothing', ''],
    ['a page', '<!doctype html><title>ws_linger_</title>'],
    ['other JSON', '{"version":"1.0"}'],
    ['JSON that is cut', JSON.stringify(STATUS).slice(0, -1)],
    ['a list', '[1]'],
    ['other metrics', 'process_cpu_seconds_total 1\n'],
    ['comments on our metrics', '# HELP ws_linger_connections WebSocket connections\n'],
    ['half a sample', 'ws_linger_connections{role="server'],
  ] as const) {
    it(`is neither: ${what}`, () => assert.equal(readAnswer(text), null));
  }

  it('may have any values in the place of others', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.constantFrom(...Object.keys(STATUS), 'server.ended', 'server.rttMs'),
        (value, path) => {
          const [name = '', inner] = path.split('.');
          const changed = inner ? { ...STATUS.server, [inner]: value } : value;
          const reading = readAnswer(JSON.stringify({ ...STATUS, [name]: changed }));
          if (reading) assertFits(framed(reading), 80);
        },
      ),
    );
  });

  it('may have any text as metrics', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (label, rest) => {
        const reading = readAnswer(`ws_linger_disconnects_total{kind="${label}"} 1\nws_linger_${rest}`);
        if (reading) assertFits(framed(reading), 80);
      }),
    );
  });
});

describe('figures', () => {
  const later = (more: object) => readStatus({ uptimeMs: 7_982_000, ...more });

  it('are per second between two readings', () => {
    const now = later({
      server: { ...STATUS.server, opened: 48_360, ended: { ...STATUS.server.ended, reset: 5_424 } },
    });
    const figures = figuresOf({ reading: now, at: 3_000 }, { reading: readStatus(), at: 1_000 });
    assert.equal(figures.elapsedMs, 2_000);
    assert.equal(figures.connections[0]?.openedPerSecond, 120);
    assert.deepEqual(figures.ends, { count: 5_439, perSecond: 212 });
    assert.deepEqual(figures.endsByKind, [
      { kind: 'clean', count: 12, perSecond: 0 },
      { kind: 'closed-without-handshake', count: 3, perSecond: 0 },
      { kind: 'reset', count: 5_424, perSecond: 212 },
    ]);
  });

  it('have the round trips since the reading before, and all', () => {
    const rttMs = {
      ...{ count: 300, sum: 1_300 },
      buckets: [
        { upTo: 1, count: 100 },
        { upTo: 5, count: 198 },
        { upTo: null, count: 300 },
      ],
    };
    const now = later({ server: { ...STATUS.server, rttMs } });
    const { all, recent } = figuresOf({ reading: now, at: 1_000 }, { reading: readStatus(), at: 0 }).roundTrips;
    assert.deepEqual(all, { count: 300, meanMs: 1_300 / 300, p99Ms: Number.POSITIVE_INFINITY });
    assert.deepEqual(recent, { count: 100, meanMs: 10, p99Ms: Number.POSITIVE_INFINITY });
    const first = figuresOf({ reading: readStatus(), at: 0 }, null).roundTrips;
    assert.deepEqual(first, { all: { count: 200, meanMs: 1.5, p99Ms: 5 }, recent: null });
  });

  it('are unknown per second at first, and where the process was started anew', () => {
    const began = figuresOf({ reading: readStatus(), at: 0 }, null);
    const anew = readStatus({ uptimeMs: 1_000, server: role({ opened: 5, ended: { ...zeros, reset: 5 } }) });
    const restarted = figuresOf({ reading: anew, at: 1_000 }, { reading: readStatus(), at: 0 });
    for (const { elapsedMs, ends, connections, endsByKind } of [began, restarted]) {
      assert.deepEqual([elapsedMs, ends.perSecond, connections[0]?.openedPerSecond], [null, null, null]);
      assert.ok(endsByKind.length > 0 && endsByKind.every(({ perSecond }) => perSecond === null));
    }
  });

  it('have clients only where there are or were any', () => {
    const rolesOf = (reading: Reading) => figuresOf({ reading, at: 0 }, null).connections.map(({ role }) => role);
    assert.deepEqual(rolesOf(readStatus()), ['server']);
    assert.deepEqual(rolesOf(readStatus({ client: role({ opened: 1 }) })), ['server', 'client']);
    assert.deepEqual(rolesOf(readStatus({ client: role({ connections: { opening: 1 } }) })), ['server', 'client']);
  });
});

describe('a frame', () => {
  it('is plain text of at most 80 columns and 23 lines', () => {
    const now = readStatus({ uptimeMs: 7_981_000 });
    const lines = frame(figuresOf({ reading: now, at: 1_000 }, { reading: readStatus(), at: 0 }), VIEW);
    assertFits(lines, 80);
    assert.match(lines[0] ?? '', /^ws-linger 8\.0\.0, up 2 h 13 min +\d\d:\d\d:\d\d$/);
    assert.deepEqual(
      lines.slice(1).map((line) => line.replace(/\d\d:\d\d:\d\d/, 'hh:mm:ss')),
      [
        '127.0.0.1:9090/status',
        '',
        'connections    opening     open  handshake      fin      cut    opened      /s',
        '  server             0    4,812         17        3        1    48,120     0.0',
        '',
        '                             /s     all                              /s     all',
        'ends                        0.0   5,015 clean                       0.0      12',
        'closed-without-handshake    0.0       3 reset                       0.0   5,000',
        '',
        'round trips     200 in all: mean 1.5 ms, 99 % within 5 ms',
        'lingering       2 now with 3.2 MB to send, 100 delivered, 1 cut, 0 lost',
        'slow consumers  1.2 MB queued for 42 192.0.2.7',
        '                900 B queued for sensor',
        '',
        'last ends, the newest first',
        '  hh:mm:ss a peer: The peer reset the connection (ECONNRESET)',
        '  hh:mm:ss 192.0.2.1: The peer closed the connection',
      ],
    );
  });

  it('says what the metrics do not have', () => {
    const lines = framed(readAnswer(METRICS) as Reading);
    assertFits(lines, 80);
    assert.match(lines[0] ?? '', /^ws-linger +\d/);
    assert.equal(lines.filter((line) => /not in the metrics; statusHandler\(\) tells them$/.test(line)).length, 2);
    assert.match(lines.join('\n'), /^ {2}client +0 +2 /m);
    assert.match(lines.join('\n'), /^lingering +2 now, 100 delivered$/m);
  });

  it('says that nothing has happened yet', () => {
    const text = framed(readStatus({ server: role(), slowConsumers: [], recentEnds: [] })).join('\n');
    assert.match(text, /^round trips +none measured: no heartbeat has run$/m);
    assert.match(text, /^slow consumers +none/m);
    assert.match(text, /^last ends +none yet$/m);
  });

  it('fills the height with the last ends, and is never higher', () => {
    const recentEnds = Array.from({ length: 20 }, (_, i) => ({ at: i, kind: 'reset', sentence: `end ${i + 1}` }));
    const reading = readStatus({ recentEnds });
    for (let height = 1; height <= 50; height++) assert.ok(framed(reading, { height }).length <= height);
    const lines = framed(reading);
    assert.equal(lines.length, 23);
    assert.match(lines.find((line) => /: end/.test(line)) ?? '', /: end 20$/);
    assert.equal(framed(reading, { height: 50 }).filter((line) => /: end/.test(line)).length, 20);
    const ended = Object.fromEntries(CLOSE_KINDS.map((kind, i) => [kind, 10 ** i]));
    const full = framed(readStatus({ recentEnds, server: role({ ended }), client: role({ opened: 1 }) }));
    assertFits(full, 80);
    assert.ok(
      full.some((line) => /: end 20$/.test(line)),
      'all kinds and the newest end have room',
    );
  });

  const HOSTILE = [
    '\x1b[2J\x1b]0;title\x07\x1b[31m',
    'line\nbreak\r\n\u2028\u2029\u0085\x9b1A',
    '\u202ereversed\u2066\u200f',
    '漢字'.repeat(300),
    '👩‍👩‍👧‍👦'.repeat(100),
    'e\u0301'.repeat(500),
    '\u0300'.repeat(5_000),
    '\ud800 alone \udfff',
    'x'.repeat(100_000),
    '',
  ];
  for (const text of HOSTILE) {
    it(`keeps its width and shows nothing that a terminal obeys: ${JSON.stringify(text).slice(0, 40)}`, () => {
      const reading = readStatus({
        version: text,
        server: role({ ended: { ...zeros, [text]: 3 }, lingering: { [text]: 1 } }),
        slowConsumers: [{ bytes: 1, remoteAddress: text, connectionId: text }],
        recentEnds: [{ at: 1e300, kind: text, sentence: text, remoteAddress: text, connectionId: text }],
      });
      const problem = text || null;
      for (const width of [1, 20, 79, 80, 200]) assertFits(framed(reading, { width, source: text, problem }), width);
    });
  }

  it('keeps its width with any text and number', () => {
    const texts = fc.string({ unit: 'grapheme', maxLength: 200 });
    const numbers = fc.oneof(fc.nat(), fc.double(), fc.constantFrom(1e9, 1e15, 1e300));
    fc.assert(
      fc.property(texts, texts, numbers, fc.integer({ min: 1, max: 120 }), (one, other, amount, width) => {
        const now = readStatus({
          uptimeMs: amount,
          server: role({
            connections: { opening: amount, open: amount, handshake: amount, fin: amount, cut: amount },
            ...{
              opened: amount,
              ended: { ...zeros, reset: amount, [one]: amount },
              rttMs: { count: amount, sum: amount },
            },
          }),
          lingering: { sockets: amount, bytes: amount },
          slowConsumers: [{ bytes: amount, remoteAddress: one, connectionId: other }],
          recentEnds: [{ at: amount, sentence: other, remoteAddress: one, connectionId: amount }],
        });
        assertFits(framed(now, { width }), width);
        const empty = readStatus({ uptimeMs: 0, server: role() });
        assertFits(frame(figuresOf({ reading: now, at: 1 }, { reading: empty, at: 0 }), { ...VIEW, width }), width);
      }),
    );
  });
});

/** `string-width` is asked again here, of the whole line. */
function assertFits(lines: readonly string[], width: number): void {
  assert.ok(lines.length > 0 && lines.length <= 23);
  for (const line of lines) {
    assert.ok(stringWidth(line) <= width && columnsOf(line) <= width, `${columnsOf(line)} columns: ${line}`);
    assert.doesNotMatch(line, UNPRINTABLE);
  }
}

describe('columns', () => {
  it('cut a text where it is too wide, and say so', () => {
    assert.equal(fit('twelve chars', 12), 'twelve chars');
    assert.equal(fit('thirteen char', 12), 'thirteen ...');
    assert.equal(fit('漢字漢字', 8), '漢字漢字');
    assert.equal(fit('漢字漢字', 7), '漢字...');
    assert.equal(fit('abc', 2), '..');
    assert.equal(fit('\x07', 80), '\\u0007');
  });

  it('fill with spaces', () => {
    assert.equal(left('漢', 4), '漢  ');
    assert.equal(right('12', 4), '  12');
  });
});

describe('amounts', () => {
  it('are short', () => {
    assert.deepEqual(
      [0, 48_120, 1e12].map((value) => count(value)),
      ['0', '48,120', '1.0T'],
    );
    assert.deepEqual([count(9_999_999, 9), count(10_000_000, 9), count(1e300)], ['9,999,999', '10.0M', 'huge']);
    assert.deepEqual(
      [null, 0, 1.25, 999.94, 5_000].map((value) => rate(value)),
      ['-', '0.0', '1.3', '999.9', '5,000'],
    );
    assert.deepEqual([0, 1_023, 1_024, 3_355_443].map(size), ['0 B', '1023 B', '1.0 KB', '3.2 MB']);
    assert.deepEqual([0.25, 5, 1_500, Infinity].map(time), ['0.3 ms', '5 ms', '1.5 s', 'longer']);
    assert.deepEqual([0, 999, 1_000, 61_000, 7_980_000, 180_000_000].map(age), [
      '0 s',
      '0 s',
      '1 s',
      '1 min 1 s',
      '2 h 13 min',
      '2 d 2 h',
    ]);
  });
});

describe('a process that is asked again and again', () => {
  const answer = (uptimeMs: number) => JSON.stringify({ ...STATUS, uptimeMs });
  const view = { source: 'here', at: Date.now(), width: 80, height: 23 };

  it('is said to be gone while it does not answer, with its last figures, and no longer once it does', () => {
    const known = withAnswer(NOTHING_YET, answer(1_000), 0);
    const gone = withoutAnswer(withoutAnswer(known, 'ECONNREFUSED', 1_000), 'ECONNRESET', 2_000);
    assert.equal(gone.problem?.since, 1_000);
    const lines = draw(gone, view);
    assert.match(lines[1] ?? '', /^No answer since \d\d:\d\d:\d\d, trying again: ECONNRESET$/);
    assert.deepEqual(lines.slice(2), draw(known, view).slice(2));
    const back = withAnswer(gone, answer(5_000), 4_000);
    assert.equal(draw(back, view)[1], 'here');
    assert.equal(back.figures?.elapsedMs, 4_000);
  });

  it('is shown as nothing before its first answer', () => {
    assert.deepEqual(draw(withoutAnswer(NOTHING_YET, 'ECONNREFUSED', 0), view), []);
  });

  it('may answer something else', () => {
    assert.throws(() => withAnswer(NOTHING_YET, 'hello', 0), /neither the status nor the metrics of ws-linger/);
  });
});
