/**
 * What happens to this process's connections, as metrics of prom-client.
 *
 * @module ws-linger/prometheus
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Counter, register as defaultRegister, Gauge, Histogram, type Registry } from 'prom-client';
import { CLOSE_KINDS, LINGER_OUTCOMES } from '../close-info';
import type { DisconnectMessage, LingeredMessage, OpeningFailedMessage, OpenMessage, RttMessage } from './diagnostics';
import { CLOSE_MS_BOUNDS, CONNECTION_MS_BOUNDS, FAILED_OPENINGS, processMetrics, RTT_MS_BOUNDS } from './metrics';

/** Options of `collectMetrics()`. */
export interface MetricsOptions {
  /**
   * Where the metrics are registered.
   * @defaultValue prom-client's own registry
   */
  register?: Registry;
  /**
   * What each name begins with.
   * @defaultValue 'ws_linger_'
   */
  prefix?: string;
}

const ROLES = ['server', 'client'] as const;

/**
 * Registers metrics of all connections of this process, this package's and attached ones:
 *
 * | metric | labels |
 * | --- | --- |
 * | `ws_linger_connections` (gauge) | `role` (server, client), `phase` |
 * | `ws_linger_connections_opened_total` | `role` |
 * | `ws_linger_disconnects_total` | `role`, `kind` |
 * | `ws_linger_connection_duration_seconds` (histogram), of those that were open | `role`, `kind` |
 * | `ws_linger_close_duration_seconds` (histogram) | `role`, `kind` |
 * | `ws_linger_lingering` (gauge) | `role` |
 * | `ws_linger_lingered_total` | `role`, `outcome` (delivered, cut, lost) |
 * | `ws_linger_failed_openings_total` | `kind`, `origin` |
 * | `ws_linger_rtt_seconds` (histogram), only with a heartbeat | `role` |
 *
 * Counts from the call on. Needs prom-client 15.
 *
 * @returns What takes the metrics away again.
 * @throws What prom-client throws for names that are registered already.
 */
export function collectMetrics({ register = defaultRegister, prefix = 'ws_linger_' }: MetricsOptions = {}): () => void {
  const registers = [register];
  const connections = new Gauge({
    name: `${prefix}connections`,
    help: 'WebSocket connections at present',
    labelNames: ['role', 'phase'],
    registers,
    collect() {
      for (const role of ROLES) {
        for (const [phase, count] of Object.entries(processMetrics[role].read().connections)) {
          this.set({ role, phase }, count);
        }
      }
    },
  });
  const opened = new Counter({
    name: `${prefix}connections_opened_total`,
    help: 'WebSocket connections opened',
    labelNames: ['role'],
    registers,
  });
  const disconnects = new Counter({
    name: `${prefix}disconnects_total`,
    help: 'WebSocket connections ended, by how they ended',
    labelNames: ['role', 'kind'],
    registers,
  });
  const connectionDuration = new Histogram({
    name: `${prefix}connection_duration_seconds`,
    help: "Time from 'open' to the end",
    labelNames: ['role', 'kind'],
    buckets: CONNECTION_MS_BOUNDS.map((ms) => ms / 1_000),
    registers,
  });
  const closeDuration = new Histogram({
    name: `${prefix}close_duration_seconds`,
    help: 'Time from the first sign of the end to the end',
    labelNames: ['role', 'kind'],
    buckets: CLOSE_MS_BOUNDS.map((ms) => ms / 1_000),
    registers,
  });
  const lingering = new Gauge({
    name: `${prefix}lingering`,
    help: 'Sockets that go on delivering after their WebSockets were closed',
    labelNames: ['role'],
    registers,
    collect() {
      for (const role of ROLES) this.set({ role }, processMetrics[role].read().lingering.now);
    },
  });
  const lingered = new Counter({
    name: `${prefix}lingered_total`,
    help: 'Sockets that lingered, by what became of them',
    labelNames: ['role', 'outcome'],
    registers,
  });
  const failed = new Counter({
    name: `${prefix}failed_openings_total`,
    help: 'Peers of servers that were lost before they were WebSockets',
    labelNames: ['kind', 'origin'],
    registers,
  });
  const rtt = new Histogram({
    name: `${prefix}rtt_seconds`,
    help: 'Round trips of the heartbeat',
    labelNames: ['role'],
    buckets: RTT_MS_BOUNDS.map((ms) => ms / 1_000),
    registers,
  });
  // A series that is there from the start shows its first increase.
  for (const role of ROLES) {
    opened.inc({ role }, 0);
    for (const kind of CLOSE_KINDS) disconnects.inc({ role, kind }, 0);
    for (const outcome of LINGER_OUTCOMES) lingered.inc({ role, outcome }, 0);
  }
  for (const [kind, origin] of FAILED_OPENINGS) failed.inc({ kind, origin }, 0);

  const listeners: Record<string, (message: unknown) => void> = {
    'ws-linger:open': (message) => opened.inc({ role: (message as OpenMessage).role }),
    'ws-linger:rtt': (message) => {
      const { role, rttMs } = message as RttMessage;
      rtt.observe({ role }, rttMs / 1_000);
    },
    'ws-linger:disconnect': (message) => {
      const { role, info } = message as DisconnectMessage;
      const labels = { role, kind: info.kind };
      disconnects.inc(labels);
      closeDuration.observe(labels, info.elapsedMs / 1_000);
      if (info.phase !== 'opening') connectionDuration.observe(labels, (info.openMs + info.elapsedMs) / 1_000);
    },
    'ws-linger:lingered': (message) => {
      const { role, outcome } = message as LingeredMessage;
      lingered.inc({ role, outcome });
    },
    'ws-linger:opening-failed': (message) => {
      const { kind, origin } = message as OpeningFailedMessage;
      failed.inc({ kind, origin });
    },
  };
  for (const [channel, listener] of Object.entries(listeners)) subscribe(channel, listener);
  return () => {
    for (const [channel, listener] of Object.entries(listeners)) unsubscribe(channel, listener);
    const histograms = [connectionDuration, closeDuration, rtt];
    for (const metric of [connections, opened, disconnects, lingering, lingered, failed, ...histograms]) {
      register.removeSingleMetric((metric as unknown as { name: string }).name);
    }
  };
}
