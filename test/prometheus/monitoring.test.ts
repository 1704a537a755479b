// A real Prometheus scrapes servers of this package, by prom-client and by OpenTelemetry's exporter, with the rules of examples/monitoring.
// Without trouble no alert is raised; with it each is, and each panel of the Grafana dashboard has data.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { register } from 'prom-client';
import * as opentelemetry from 'ws-linger/opentelemetry';
import * as prometheusMetrics from 'ws-linger/prometheus';
import { ROOT } from '../support/child.js';
import { listen, portOf, until } from '../support/end.js';
import { Prometheus, promtool } from './prometheus.js';
import { OPENTELEMETRY_NAMES, RULES, rules, summaryFor } from './rules.js';
import { NOTHING, Traffic } from './traffic.js';

const dashboard = JSON.parse(readFileSync(join(ROOT, 'examples', 'monitoring', 'grafana-dashboard.json'), 'utf8')) as {
  templating: { list: { name: string; query: string }[] };
  panels: { title: string; targets: { expr: string; legendFormat: string }[] }[];
};

const exporter = new PrometheusExporter({ preventServerStart: true });
const SOURCES = {
  'prom-client': http.createServer(async (_, response) => {
    response.setHeader('Content-Type', register.contentType);
    response.end(await register.metrics());
  }),
  OpenTelemetry: http.createServer((request, response) => exporter.getMetricsRequestHandler(request, response)),
};
type Source = keyof typeof SOURCES;
const sources = Object.keys(SOURCES) as Source[];

/** The label `instance` of what a source gives. */
const instanceOf = (source: Source) => `127.0.0.1:${portOf(SOURCES[source])}`;
const instances = () => sources.map(instanceOf).sort();

const traffic = new Traffic();
let prometheus: Prometheus;

/** Waits until Prometheus has scraped what the servers count now, and its rules have seen it. */
async function scraped(): Promise<void> {
  const { opened, ended, failedOpenings } = traffic.counts();
  const endings = Object.values(ended).reduce((sum, count) => sum + count, 0);
  const haveAll = async (expression: string, wanted: number) => {
    const series = await prometheus.query(`sum by (instance) (${expression})`);
    return series.filter(({ value }) => value === wanted).length === sources.length;
  };
  await until(
    'the counts are scraped',
    async () =>
      (await haveAll('ws_linger_connections_opened_total{role="server"}', opened)) &&
      (await haveAll('ws_linger_disconnects_total{role="server"}', endings)) &&
      (await haveAll('ws_linger_failed_openings_total{kind="upgrade-failed"}', failedOpenings)),
    30_000,
  );
}

before(async () => {
  prometheusMetrics.collectMetrics();
  opentelemetry.collectMetrics(new MeterProvider({ readers: [exporter] }).getMeter('ws-linger'));
  for (const server of Object.values(SOURCES)) await listen(server);
  prometheus = await Prometheus.start(instances(), [RULES, OPENTELEMETRY_NAMES]);
  // A series whose first value is not 0 shows no increase: each kind of end is there once before it is counted.
  await traffic.open();
  await traffic.run({ ...NOTHING, clean: 20, vanished: 1, slow: 1, broken: 1 });
  await scraped();
  await traffic.run({ ...NOTHING, clean: 20 });
  await scraped();
});

after(async () => {
  traffic.stop();
  for (const server of Object.values(SOURCES)) server.close();
  await prometheus?.stop();
});

it('promtool finds no fault in the rules', () => {
  assert.match(promtool(['check', 'rules', RULES]), new RegExp(`SUCCESS: ${rules.length} rules found`));
  assert.match(promtool(['check', 'rules', OPENTELEMETRY_NAMES]), /SUCCESS: 15 rules found/);
});

it('promtool finds no fault in the metrics', async () => {
  assert.equal(promtool(['check', 'metrics'], await register.metrics()), '');
});

describe('without trouble', () => {
  it('Prometheus sees connections that end', async () => {
    const ends = await prometheus.query('increase(ws_linger_disconnects_total{role="server",kind="clean"}[15m])');
    assert.equal(ends.length, sources.length);
    for (const { value } of ends) assert.ok(value >= 20, `${value} ends`);
  });

  for (const { alert, expr } of rules) {
    it(`${alert} is not raised`, async () => {
      assert.deepEqual(await prometheus.query(expr), []);
    });
  }
});

describe('with trouble', () => {
  before(async () => {
    await traffic.run({ clean: 5, vanished: 40, slow: 12, broken: 12, hanging: 101, abandoned: 2, unknown: 1 });
    await scraped();
  });

  for (const rule of rules) {
    const { alert, expr, for: pendingFor } = rule;
    it(`${alert} is ${pendingFor ? `pending, for ${pendingFor}` : 'firing'}`, async () => {
      const raised = async () => (await prometheus.alerts()).filter(({ name }) => name === alert);
      await until(`${alert} is raised`, async () => (await raised()).length === sources.length);
      for (const { state, annotations, instance } of await raised()) {
        assert.equal(state, pendingFor ? 'pending' : 'firing');
        assert.equal(annotations.summary, summaryFor(rule, instance));
      }
      const labels = (await prometheus.query(expr)).map((series) => series.labels);
      assert.deepEqual(
        labels.sort((a, b) => String(a.instance).localeCompare(String(b.instance))),
        instances().map((instance) => ({ instance })),
      );
    });
  }

  it("the dashboard's variable lists the instances", async () => {
    const { query } = dashboard.templating.list.find(({ name }) => name === 'instance') ?? { query: '' };
    const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(query) ?? [];
    assert.deepEqual((await prometheus.labelValues(metric, label)).sort(), instances());
  });

  it('every metric has the same series and counts by OpenTelemetry as by prom-client', async () => {
    // Without sums of times, whose floats are rounded.
    const names = (await register.getMetricsAsArray()).map(({ name }) => name);
    const query = `{__name__=~"(${names.join('|')})(_count|_bucket)?",instance=`;
    const seriesOf = async (source: Source) => {
      const series = await prometheus.query(`${query}"${instanceOf(source)}"}`);
      return series
        .map(({ labels: { instance: _, ...labels }, value }) => JSON.stringify([Object.entries(labels).sort(), value]))
        .sort();
    };
    // The heartbeat's pings go on, and both sources are not scraped at once.
    const settled = (lines: string[]) => lines.filter((line) => !line.includes('ws_linger_rtt_seconds'));
    const expected = settled(await seriesOf('prom-client'));
    assert.ok(expected.length > 100, `${expected.length} series`);
    assert.deepEqual(settled(await seriesOf('OpenTelemetry')), expected);
  });

  for (const source of sources) {
    describe(`by ${source}`, () => {
      it('the counts are those of stats()', async () => {
        const { opened, open, handshake, ended } = traffic.counts();
        const one = async (name: string, labels: string) =>
          (await prometheus.query(`ws_linger_${name}{instance="${instanceOf(source)}",role="server",${labels}}`))[0]
            ?.value;
        assert.equal(await one('connections_opened_total', ''), opened);
        assert.equal(await one('connections', 'phase="open"'), open);
        assert.equal(await one('connections', 'phase="handshake"'), handshake);
        for (const [kind, count] of Object.entries(ended)) {
          assert.equal(await one('disconnects_total', `kind="${kind}"`), count, kind);
          if (count > 0) assert.equal(await one('connection_duration_seconds_count', `kind="${kind}"`), count, kind);
        }
      });

      for (const { title, targets } of dashboard.panels) {
        for (const { expr, legendFormat } of targets) {
          it(`the panel "${title}" has ${legendFormat}`, async () => {
            const query = expr.replaceAll('$instance', instanceOf(source)).replaceAll('$__rate_interval', '5m');
            assert.doesNotMatch(query, /\$/);
            const series = await prometheus.query(query);
            assert.ok(series.length > 0, query);
            for (const { labels, value } of series) {
              assert.ok(Number.isFinite(value), `${query}: ${value}`);
              for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) assert.ok(labels[label], label);
            }
            assert.ok(series.some(({ value }) => value > 0) || legendFormat === 'lingering', query);
          });
        }
      }
    });
  }
});
