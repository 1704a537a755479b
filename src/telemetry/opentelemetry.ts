/**
 * What happens to this process's connections, as OpenTelemetry metrics.
 *
 * @module ws-linger/opentelemetry
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type Meter, metrics, type ObservableResult } from '@opentelemetry/api';
import { CLOSE_KINDS, LINGER_OUTCOMES } from '../close-info';
import type { DisconnectMessage, LingeredMessage, OpeningFailedMessage, OpenMessage, RttMessage } from './diagnostics';
import { CLOSE_MS_BOUNDS, FAILED_OPENINGS, processMetrics, RTT_MS_BOUNDS } from './metrics';

/**
 * Records metrics of all connections of this process, this package's and attached ones:
 *
 * | instrument | attributes |
 * | --- | --- |
 * | `ws_linger.connections` (up-down counter) | `role` (server, client), `phase` |
 * | `ws_linger.connections.opened` | `role` |
 * | `ws_linger.disconnects` | `role`, `kind` |
 * | `ws_linger.close.duration` (histogram, s) | `role`, `kind` |
 * | `ws_linger.lingering` (up-down counter) | `role` |
 * | `ws_linger.lingered` | `role`, `outcome` (delivered, cut, lost) |
 * | `ws_linger.failed_openings` | `kind`, `origin` |
 * | `ws_linger.rtt` (histogram, s), only with a heartbeat | `role` |
 *
 * Counts from the call on. Needs `@opentelemetry/api` 1.3 or newer.
 *
 * @param meter - By default that of the global meter provider, named `ws-linger`.
 * @returns What stops recording.
 */
export function collectMetrics(meter: Meter = metrics.getMeter('ws-linger')): () => void {
  const connections = meter.createObservableUpDownCounter('ws_linger.connections', {
    description: 'WebSocket connections at present',
  });
  const opened = meter.createCounter('ws_linger.connections.opened', { description: 'WebSocket connections opened' });
  const disconnects = meter.createCounter('ws_linger.disconnects', {
    description: 'WebSocket connections ended, by how they ended',
  });
  const duration = meter.createHistogram('ws_linger.close.duration', {
    description: 'Time from the first sign of the end to the end',
    unit: 's',
    advice: { explicitBucketBoundaries: CLOSE_MS_BOUNDS.map((ms) => ms / 1_000) },
  });
  const lingering = meter.createObservableUpDownCounter('ws_linger.lingering', {
    description: 'Sockets that go on delivering after their WebSockets were closed',
  });
  const lingered = meter.createCounter('ws_linger.lingered', {
    description: 'Sockets that lingered, by what became of them',
  });
  const failed = meter.createCounter('ws_linger.failed_openings', {
    description: 'Peers of servers that were lost before they were WebSockets',
  });
  const rtt = meter.createHistogram('ws_linger.rtt', {
    description: 'Round trips of the heartbeat',
    unit: 's',
    advice: { explicitBucketBoundaries: RTT_MS_BOUNDS.map((ms) => ms / 1_000) },
  });

  // A series that is there from the start shows its first increase.
  for (const [kind, origin] of FAILED_OPENINGS) failed.add(0, { kind, origin });
  for (const role of ['server', 'client'] as const) {
    opened.add(0, { role });
    for (const kind of CLOSE_KINDS) disconnects.add(0, { role, kind });
    for (const outcome of LINGER_OUTCOMES) lingered.add(0, { role, outcome });
  }

  const observe = (result: ObservableResult) => {
    for (const role of ['server', 'client'] as const) {
      for (const [phase, count] of Object.entries(processMetrics[role].read().connections)) {
        result.observe(count, { role, phase });
      }
    }
  };
  const observeLingering = (result: ObservableResult) => {
    for (const role of ['server', 'client'] as const) {
      result.observe(processMetrics[role].read().lingering.now, { role });
    }
  };
  const listeners: Record<string, (message: unknown) => void> = {
    'ws-linger:open': (message) => opened.add(1, { role: (message as OpenMessage).role }),
    'ws-linger:rtt': (message) => {
      const { role, rttMs } = message as RttMessage;
      rtt.record(rttMs / 1_000, { role });
    },
    'ws-linger:disconnect': (message) => {
      const { role, info } = message as DisconnectMessage;
      disconnects.add(1, { role, kind: info.kind });
      duration.record(info.elapsedMs / 1_000, { role, kind: info.kind });
    },
    'ws-linger:lingered': (message) => {
      const { role, outcome } = message as LingeredMessage;
      lingered.add(1, { role, outcome });
    },
    'ws-linger:opening-failed': (message) => {
      const { kind, origin } = message as OpeningFailedMessage;
      failed.add(1, { kind, origin });
    },
  };
  connections.addCallback(observe);
  lingering.addCallback(observeLingering);
  for (const [channel, listener] of Object.entries(listeners)) subscribe(channel, listener);
  return () => {
    connections.removeCallback(observe);
    lingering.removeCallback(observeLingering);
    for (const [channel, listener] of Object.entries(listeners)) unsubscribe(channel, listener);
  };
}
