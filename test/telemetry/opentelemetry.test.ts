// The OpenTelemetry metrics keep the rules of the semantic conventions, and are those that docs/metrics.md names.
import assert from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { DataPointType, type Histogram, InstrumentType } from '@opentelemetry/sdk-metrics';
import { Registry } from 'prom-client';
import WebSocket, { WebSocketServer } from 'ws-linger';
import { collectMetrics } from 'ws-linger/opentelemetry';
import * as prometheus from 'ws-linger/prometheus';
import { parse } from 'yaml';
import { CLOSE_KINDS, LINGER_OUTCOMES } from '../../dist/close-info.js';
import { CONNECTION_MS_BOUNDS, FAILED_OPENINGS } from '../../dist/telemetry/metrics.js';
import { ROOT } from '../support/child.js';
import { tableOf } from '../support/docs-table.js';
import { portOf } from '../support/end.js';
import { type Recorded, recording } from '../support/opentelemetry.js';

const ROLES = ['server', 'client'] as const;

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

function collecting(): () => Promise<Recorded> {
  const { meter, read, shutdown } = recording();
  cleanUps.push(collectMetrics(meter), shutdown);
  return read;
}

/** Tells everything once, so that each instrument has every series that it can have. */
function tellEverything(): void {
  const publish = (name: string, message: object) => channel(`ws-linger:${name}`).publish(message);
  for (const role of ROLES) {
    publish('open', { role });
    publish('rtt', { role, rttMs: 1 });
    for (const kind of CLOSE_KINDS)
      publish('disconnect', { role, info: { kind, phase: 'open', openMs: 59_000, elapsedMs: 1_500 } });
    for (const outcome of LINGER_OUTCOMES) publish('lingered', { role, outcome });
  }
  for (const [kind, origin] of FAILED_OPENINGS) publish('opening-failed', { kind, origin });
}

const attributesOf = (recorded: Recorded, name: string) =>
  [...new Set(recorded.points(name).flatMap(({ attributes }) => Object.keys(attributes)))].sort();

describe('OpenTelemetry metrics', () => {
  it('have names, units and attributes that follow the semantic conventions', async () => {
    const read = collecting();
    tellEverything();
    const recorded = await read();
    assert.equal(recorded.instruments.length, 17);
    for (const { descriptor, dataPointType } of recorded.instruments) {
      const { name, unit } = descriptor;
      assert.match(name, /^ws_linger\.(server|client)(\.[a-z]+(_[a-z]+)*)+$/);
      // An annotation is singular and stands alone; durations are in seconds.
      if (dataPointType === DataPointType.HISTOGRAM) assert.match(`${name} ${unit}`, /\.duration s$/);
      else assert.match(unit, /^\{(connection|disconnect|socket|opening)\}$/, name);
      const parts = name.split('.');
      for (const namespace of parts.slice(2, -1)) assert.doesNotMatch(namespace, /s$/, name);
      const isCounter = (descriptor as { type?: InstrumentType }).type === InstrumentType.COUNTER;
      assert.equal(/s$/.test(parts.at(-1) ?? ''), isCounter, `${name}: counters alone have a plural`);
      for (const key of attributesOf(recorded, name)) assert.match(key, /^(error\.type|ws_linger\.[a-z]+\.[a-z]+)$/);
    }
  });

  it('are those of the table in docs/metrics.md', async () => {
    const read = collecting();
    tellEverything();
    const recorded = await read();
    const rows = tableOf('docs/metrics.md', 'OpenTelemetry').flatMap(([name = '', type, unit, attributes = '']) =>
      (name.includes('ROLE') ? ROLES : ['server']).map((role) => ({
        name: name.replace('ROLE', role),
        type,
        unit,
        attributes: (attributes.match(/[\w.]+/g) ?? []).sort(),
      })),
    );
    const types: Record<string, string> = {
      [InstrumentType.COUNTER]: 'counter',
      [InstrumentType.HISTOGRAM]: 'histogram',
      [InstrumentType.OBSERVABLE_UP_DOWN_COUNTER]: 'up-down counter',
    };
    const found = recorded.instruments.map(({ descriptor }) => ({
      name: descriptor.name,
      type: types[(descriptor as { type?: InstrumentType }).type ?? ''],
      unit: descriptor.unit,
      attributes: attributesOf(recorded, descriptor.name),
    }));
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
    assert.deepEqual(found.sort(byName), rows.sort(byName));
  });

  it('have error.type on each end but those that somebody asked for', async () => {
    const read = collecting();
    tellEverything();
    const recorded = await read();
    for (const role of ROLES) {
      for (const metric of ['disconnects', 'connection.duration', 'close.duration']) {
        const points = recorded.points(`ws_linger.${role}.${metric}`);
        const errors = points.map(({ attributes }) => [attributes['ws_linger.close.kind'], attributes['error.type']]);
        const expected = CLOSE_KINDS.map((kind) => [
          kind,
          kind === 'clean' || kind === 'local-abort' ? undefined : kind,
        ]);
        assert.deepEqual(errors.sort(), expected.sort(), metric);
        for (const { attributes } of points)
          if (attributes['error.type'] === undefined) assert.ok(!('error.type' in attributes));
      }
    }
  });

  it("have how long a connection lasted, from 'open' to the end, in buckets up to a day", async () => {
    const read = collecting();
    const linger = { logger: false } as const;
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger });
    cleanUps.push(() => wss.close());
    await once(wss, 'listening');
    const client = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { linger });
    await once(client, 'open');
    client.close();
    await once(client, 'close');
    const { openMs = Number.NaN, elapsedMs = Number.NaN } = client.closeInfo ?? {};
    const name = 'ws_linger.client.connection.duration';
    const { count, sum, buckets } = (await read()).value(name, { 'ws_linger.close.kind': 'clean' }) as Histogram;
    assert.equal(count, 1);
    assert.ok(Math.abs((sum ?? 0) - (openMs + elapsedMs) / 1_000) < 1e-9, `${sum} s`);
    assert.deepEqual(
      buckets.boundaries,
      CONNECTION_MS_BOUNDS.map((ms) => ms / 1_000),
    );
    assert.equal(buckets.boundaries.at(-1), 24 * 60 * 60);
  });

  it('have no duration of a connection that never opened', async () => {
    const read = collecting();
    const wss = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      verifyClient: () => false,
      linger: { logger: false },
    });
    cleanUps.push(() => wss.close());
    await once(wss, 'listening');
    const client = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { linger: { logger: false } });
    client.on('error', () => {});
    await new Promise((resolve) => client.on('close', resolve)); // once() fails at 'error'
    const recorded = await read();
    const failed = { 'ws_linger.close.kind': 'upgrade-failed', 'error.type': 'upgrade-failed' };
    assert.equal(recorded.count('ws_linger.client.disconnects', failed), 1);
    assert.equal(recorded.count('ws_linger.client.close.duration', failed), 1);
    assert.deepEqual(recorded.points('ws_linger.client.connection.duration'), []);
  });

  it('stop when they are told to', async () => {
    const { meter, read, shutdown } = recording();
    cleanUps.push(shutdown);
    collectMetrics(meter)();
    tellEverything();
    const recorded = await read();
    assert.equal(recorded.count('ws_linger.server.opened_connections', {}), 0);
    assert.deepEqual(recorded.points('ws_linger.server.connection.count'), []);
    assert.deepEqual(recorded.points('ws_linger.server.lingering.count'), []);
  });
});

it('the recording rules take every instrument, and give it the name of a Prometheus metric', async () => {
  const read = collecting();
  tellEverything();
  const register = new Registry();
  cleanUps.push(prometheus.collectMetrics({ register }));
  const file = join(ROOT, 'examples', 'monitoring', 'opentelemetry-names.yml');
  const { groups } = parse(readFileSync(file, 'utf8')) as { groups: { rules: { record: string; expr: string }[] }[] };
  const rules = groups.flatMap((group) => group.rules);
  const series = (await read()).instruments.flatMap(({ descriptor: { name }, dataPointType }) => {
    const text = name.replaceAll('.', '_');
    if (dataPointType === DataPointType.HISTOGRAM) return ['bucket', 'sum', 'count'].map((part) => `${text}_${part}`);
    return name.endsWith('.count') ? [text] : [`${text}_total`];
  });
  const patterns = rules.map(({ expr }) => new RegExp(`^${/__name__=~"([^"]+)"/.exec(expr)?.[1]}$`));
  for (const name of series) assert.equal(patterns.filter((pattern) => pattern.test(name)).length, 1, name);
  for (const pattern of patterns)
    assert.ok(
      series.some((name) => pattern.test(name)),
      String(pattern),
    );
  const recorded = new Set(rules.map(({ record }) => record.replace(/_(bucket|sum|count)$/, '')));
  const names = (await register.getMetricsAsArray()).map(({ name }) => name);
  assert.deepEqual([...recorded].sort(), names.sort());
});

it('Prometheus metrics are those of the table in docs/metrics.md', async () => {
  const register = new Registry();
  cleanUps.push(prometheus.collectMetrics({ register }));
  const rows = tableOf('docs/metrics.md', 'Prometheus').map(([name, type, labels = '']) => ({
    name,
    type,
    labels: labels
      .replace(/\(.*?\)|;.*/g, '')
      .split(',')
      .map((label) => label.trim()),
  }));
  const metrics = (await register.getMetricsAsArray()) as unknown as {
    name: string;
    type: string;
    labelNames: string[];
  }[];
  assert.deepEqual(
    metrics.map(({ name, type, labelNames }) => ({ name, type, labels: labelNames })).sort(byName),
    rows.sort(byName),
  );
});

const byName = (a: { name?: string | undefined }, b: { name?: string | undefined }) =>
  String(a.name).localeCompare(String(b.name));
