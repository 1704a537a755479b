// A real Prometheus scrapes servers of this package, with the alert rules of examples/monitoring. Without trouble no alert is raised; with
// it each is, and each panel of the Grafana dashboard has data.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { register } from 'prom-client';
import { collectMetrics } from 'ws-linger/prometheus';
import { ROOT } from '../support/child.js';
import { listen, portOf, until } from '../support/end.js';
import { Prometheus, promtool } from './prometheus.js';
import { RULES, rules, summaryFor } from './rules.js';
import { NOTHING, Traffic } from './traffic.js';

const dashboard = JSON.parse(readFileSync(join(ROOT, 'examples', 'monitoring', 'grafana-dashboard.json'), 'utf8')) as {
  templating: { list: { name: string; query: string }[] };
  panels: { title: string; targets: { expr: string; legendFormat: string }[] }[];
};

const metrics = http.createServer(async (_, response) => {
  response.setHeader('Content-Type', register.contentType);
  response.end(await register.metrics());
});
const traffic = new Traffic();
let prometheus: Prometheus;
let target = '';

/** Waits until Prometheus has scraped what the servers count now. */
async function scraped(): Promise<void> {
  const { opened, failedOpenings } = traffic.counts();
  await until(
    'the counts are scraped',
    async () => {
      const [scrapedOpened] = await prometheus.query('sum(ws_linger_connections_opened_total{role="server"})');
      const [scrapedFailed] = await prometheus.query('sum(ws_linger_failed_openings_total{kind="upgrade-failed"})');
      return scrapedOpened?.value === opened && scrapedFailed?.value === failedOpenings;
    },
    30_000,
  );
}

before(async () => {
  collectMetrics();
  target = `127.0.0.1:${portOf(await listen(metrics))}`;
  prometheus = await Prometheus.start(target, RULES);
  // A series whose first value is not 0 shows no increase: each kind of end is there once before it is counted.
  await traffic.open();
  await traffic.run({ ...NOTHING, clean: 20, vanished: 1, slow: 1, broken: 1 });
  await scraped();
  await traffic.run({ ...NOTHING, clean: 20 });
  await scraped();
});

after(async () => {
  traffic.stop();
  metrics.close();
  await prometheus?.stop();
});

it('promtool finds no fault in the alert rules', () => {
  assert.match(promtool(['check', 'rules', RULES]), new RegExp(`SUCCESS: ${rules.length} rules found`));
});

it('promtool finds no fault in the metrics', async () => {
  assert.equal(promtool(['check', 'metrics'], await register.metrics()), '');
});

describe('without trouble', () => {
  it('Prometheus sees connections that end', async () => {
    const [ends] = await prometheus.query('increase(ws_linger_disconnects_total{role="server",kind="clean"}[15m])');
    assert.ok(ends && ends.value >= 20, `${ends?.value} ends`);
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
      const series = await prometheus.query(expr);
      assert.deepEqual(
        series.map(({ labels }) => labels),
        [{ instance: target }],
      );
      const raised = async () => (await prometheus.alerts()).find(({ name }) => name === alert);
      await until(`${alert} is raised`, async () => (await raised()) !== undefined);
      const found = await raised();
      assert.equal(found?.state, pendingFor ? 'pending' : 'firing');
      assert.equal(found?.annotations.summary, summaryFor(rule, target));
    });
  }

  it('the counts are those of stats()', async () => {
    const { opened, open, handshake, ended } = traffic.counts();
    const one = async (expression: string) => (await prometheus.query(expression))[0]?.value;
    assert.equal(await one('ws_linger_connections_opened_total{role="server"}'), opened);
    assert.equal(await one('ws_linger_connections{role="server",phase="open"}'), open);
    assert.equal(await one('ws_linger_connections{role="server",phase="handshake"}'), handshake);
    for (const [kind, count] of Object.entries(ended)) {
      const labels = `{role="server",kind="${kind}"}`;
      assert.equal(await one(`ws_linger_disconnects_total${labels}`), count, kind);
      if (count > 0) assert.equal(await one(`ws_linger_connection_duration_seconds_count${labels}`), count, kind);
    }
  });

  it("the dashboard's variable lists the instance", async () => {
    const { query } = dashboard.templating.list.find(({ name }) => name === 'instance') ?? { query: '' };
    const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(query) ?? [];
    assert.deepEqual(await prometheus.labelValues(metric, label), [target]);
  });

  for (const { title, targets } of dashboard.panels) {
    for (const { expr, legendFormat } of targets) {
      it(`the panel "${title}" has ${legendFormat}`, async () => {
        const query = expr.replaceAll('$instance', target).replaceAll('$__rate_interval', '5m');
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
