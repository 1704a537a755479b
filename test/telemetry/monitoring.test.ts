// The Grafana dashboard and the alert rules use only metrics and labels that exist.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { Registry } from 'prom-client';
import { collectMetrics } from 'ws-linger/prometheus';

for (const file of ['grafana-dashboard.json', 'alerts.yml']) {
  it(`examples/monitoring/${file} uses only existing metrics and labels`, async () => {
    const register = new Registry();
    const stop = collectMetrics({ register });
    const known = (await register.getMetricsAsJSON()).map(({ name }) => name);
    const text = readFileSync(join(__dirname, '..', '..', 'examples', 'monitoring', file), 'utf8').replaceAll(
      '\\"',
      '"',
    );
    const used = text.match(/ws_linger_\w+/g) ?? [];
    assert.ok(used.length >= 5);
    for (const name of used) assert.ok(known.includes(name.replace(/_(bucket|sum|count)$/, '')), name);
    const labels = new Set([...text.matchAll(/(\w+)=~?"/g)].map(([, label]) => label));
    for (const label of labels)
      assert.ok(['instance', 'role', 'phase', 'kind', 'origin', 'le'].includes(String(label)), label);
    stop();
  });
}
