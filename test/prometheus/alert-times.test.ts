// The alerts that wait before they fire: when they do, and that they do not below their thresholds. promtool plays the hours.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { promtool } from './prometheus.js';
import { RULES, rules, summaryFor } from './rules.js';

interface Case {
  alert: string;
  /** Samples a minute, in promtool's notation, by metric and labels without `instance`. */
  trouble: Record<string, string>;
  /** The same just below the threshold. */
  quiet: Record<string, string>;
  pendingAt: string;
  firingAt: string;
}

const ENDS = 'ws_linger_disconnects_total';
const DURATION = 'ws_linger_connection_duration_seconds';
/** Of 60 connections a minute, so many are lost within five seconds; `le` as Prometheus 2 or 3 writes it. */
const lost = (early: number, le: string) => ({
  [`${DURATION}_bucket{role="server",kind="reset",le="${le}"}`]: `0+${early}x60`,
  [`${DURATION}_bucket{role="server",kind="clean",le="${le}"}`]: '0+60x60',
  [`${DURATION}_count{role="server",kind="reset"}`]: '0+60x60',
});

const CASES: Case[] = [
  {
    alert: 'WebSocketPeersVanish',
    trouble: { [`${ENDS}{kind="timed-out"}`]: '0+7x60', [`${ENDS}{kind="clean"}`]: '0+60x60' },
    quiet: { [`${ENDS}{kind="timed-out"}`]: '0+6x60', [`${ENDS}{kind="clean"}`]: '0+60x60' },
    pendingAt: '14m',
    firingAt: '30m',
  },
  {
    alert: 'WebSocketClosesHang',
    trouble: { 'ws_linger_connections{phase="fin"}': '101x60' },
    quiet: { 'ws_linger_connections{phase="fin"}': '100x60', 'ws_linger_connections{phase="open"}': '9000x60' },
    pendingAt: '9m',
    firingAt: '11m',
  },
  ...['5', '5.0'].map((le) => ({
    alert: 'WebSocketsLostEarly',
    trouble: lost(31, le),
    quiet: lost(30, le),
    pendingAt: '9m',
    firingAt: '20m',
  })),
];

for (const { alert, trouble, quiet, pendingAt, firingAt } of CASES) {
  const rule = rules.find((one) => one.alert === alert);
  it(`${alert} fires after ${rule?.for}, and not below its threshold (${Object.keys(trouble)[0]})`, () => {
    assert.ok(rule?.for);
    const series = (samples: Record<string, string>, instance: string) =>
      Object.entries(samples).map(([name, values]) => ({
        series: name.replace('{', `{instance="${instance}",`),
        values,
      }));
    const firing = {
      exp_labels: { ...rule.labels, instance: 'troubled' },
      exp_annotations: { ...rule.annotations, summary: summaryFor(rule, 'troubled') },
    };
    const at = (eval_time: string, exp_alerts: object[]) => ({ eval_time, alertname: alert, exp_alerts });
    const folder = mkdtempSync(join(tmpdir(), 'ws-linger-rules-'));
    const file = join(folder, 'test.yml');
    const test = {
      interval: '1m',
      input_series: [...series(trouble, 'troubled'), ...series(quiet, 'quiet')],
      alert_rule_test: [at(pendingAt, []), at(firingAt, [firing])],
    };
    writeFileSync(file, JSON.stringify({ rule_files: [RULES], evaluation_interval: '1m', tests: [test] }));
    assert.match(promtool(['test', 'rules', file]), /SUCCESS/);
    rmSync(folder, { recursive: true });
  });
}

it('each alert that waits is tried', () => {
  const waiting = rules.filter((rule) => rule.for !== undefined).map((rule) => rule.alert);
  assert.deepEqual([...new Set(CASES.map((one) => one.alert))].sort(), waiting.sort());
});
