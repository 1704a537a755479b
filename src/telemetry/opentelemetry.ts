/**
 * What happens to this process's connections, as OpenTelemetry metrics.
 *
 * @module ws-linger/opentelemetry
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type Attributes, type Meter, metrics } from '@opentelemetry/api';
import { CLOSE_KINDS, type CloseInfo, type CloseKind, LINGER_OUTCOMES, type LingerOutcome } from '../close-info';
import type { DisconnectMessage, LingeredMessage, OpeningFailedMessage, OpenMessage, RttMessage } from './diagnostics';
import { CLOSE_MS_BOUNDS, CONNECTION_MS_BOUNDS, FAILED_OPENINGS, processMetrics, RTT_MS_BOUNDS } from './metrics';

type Role = 'server' | 'client';

/** Ends that somebody asked for. RFC 6455 §7.1.5 calls all others abnormal. */
const NO_ERRORS: ReadonlySet<CloseKind> = new Set(['clean', 'local-abort']);

/** The attributes of each end. `error.type` is absent where there was no error, as the semantic conventions ask. */
const END_ATTRIBUTES: ReadonlyMap<CloseKind, Attributes> = new Map(
  CLOSE_KINDS.map((kind) => [
    kind,
    { 'ws_linger.close.kind': kind, ...(NO_ERRORS.has(kind) ? {} : { 'error.type': kind }) },
  ]),
);

/**
 * Records metrics of all connections of this process, this package's and attached ones. ROLE is `server` or `client`.
 *
 * | instrument | unit | attributes |
 * | --- | --- | --- |
 * | `ws_linger.ROLE.connection.count` (up-down counter) | `{connection}` | `ws_linger.connection.phase` |
 * | `ws_linger.ROLE.opened_connections` (counter) | `{connection}` | |
 * | `ws_linger.ROLE.disconnects` (counter) | `{disconnect}` | `ws_linger.close.kind`, `error.type` |
 * | `ws_linger.ROLE.connection.duration` (histogram), of those that were open | `s` | `ws_linger.close.kind`, `error.type` |
 * | `ws_linger.ROLE.close.duration` (histogram) | `s` | `ws_linger.close.kind`, `error.type` |
 * | `ws_linger.ROLE.lingering.count` (up-down counter) | `{socket}` | |
 * | `ws_linger.ROLE.lingered_sockets` (counter) | `{socket}` | `ws_linger.linger.outcome` (delivered, cut, lost) |
 * | `ws_linger.ROLE.ping.duration` (histogram), only with a heartbeat | `s` | |
 * | `ws_linger.server.failed_openings` (counter) | `{opening}` | `error.type`, `ws_linger.opening.origin` |
 *
 * `error.type` is the kind of the end, and absent from those that somebody asked for: `clean` and `local-abort`.
 *
 * Counts from the call on. Needs `@opentelemetry/api` 1.3 or newer.
 *
 * @param meter - By default that of the global meter provider, named `ws-linger`.
 * @returns What stops recording.
 */
export function collectMetrics(meter: Meter = metrics.getMeter('ws-linger')): () => void {
  const of = { server: recorder(meter, 'server'), client: recorder(meter, 'client') };
  const failed = meter.createCounter('ws_linger.server.failed_openings', {
    description: 'Peers that were lost before they were WebSockets',
    unit: '{opening}',
  });
  const openingFailed = (count: number, kind: string, origin: string) =>
    failed.add(count, { 'error.type': kind, 'ws_linger.opening.origin': origin });
  // A series that is there from the start shows its first increase.
  for (const [kind, origin] of FAILED_OPENINGS) openingFailed(0, kind, origin);

  const listeners: Record<string, (message: unknown) => void> = {
    'ws-linger:open': (message) => of[(message as OpenMessage).role].opened(),
    'ws-linger:rtt': (message) => {
      const { role, rttMs } = message as RttMessage;
      of[role].measuredRtt(rttMs);
    },
    'ws-linger:disconnect': (message) => {
      const { role, info } = message as DisconnectMessage;
      of[role].ended(info);
    },
    'ws-linger:lingered': (message) => {
      const { role, outcome } = message as LingeredMessage;
      of[role].lingered(outcome);
    },
    'ws-linger:opening-failed': (message) => {
      const { kind, origin } = message as OpeningFailedMessage;
      openingFailed(1, kind, origin);
    },
  };
  for (const [channel, listener] of Object.entries(listeners)) subscribe(channel, listener);
  return () => {
    for (const { stop } of Object.values(of)) stop();
    for (const [channel, listener] of Object.entries(listeners)) unsubscribe(channel, listener);
  };
}

/** The instruments of one side: the conventions put the side into the name, `{area}.{client|server}.{metric}`. */
function recorder(meter: Meter, role: Role) {
  const named = (name: string) => `ws_linger.${role}.${name}`;
  const counter = (name: string, unit: string, description: string) =>
    meter.createCounter(named(name), { unit, description });
  const histogram = (name: string, boundsMs: readonly number[], description: string) =>
    meter.createHistogram(named(name), {
      unit: 's',
      description,
      advice: { explicitBucketBoundaries: boundsMs.map((ms) => ms / 1_000) },
    });
  const observe = (name: string, unit: string, description: string, read: () => [count: number, Attributes][]) => {
    const instrument = meter.createObservableUpDownCounter(named(name), { unit, description });
    const callback: Parameters<typeof instrument.addCallback>[0] = (result) => {
      for (const [count, attributes] of read()) result.observe(count, attributes);
    };
    instrument.addCallback(callback);
    return () => instrument.removeCallback(callback);
  };

  const opened = counter('opened_connections', '{connection}', 'WebSocket connections opened');
  const disconnects = counter('disconnects', '{disconnect}', 'WebSocket connections ended, by how they ended');
  const connection = histogram('connection.duration', CONNECTION_MS_BOUNDS, "Time from 'open' to the end");
  const close = histogram('close.duration', CLOSE_MS_BOUNDS, 'Time from the first sign of the end to the end');
  const lingered = counter('lingered_sockets', '{socket}', 'Sockets that lingered, by what became of them');
  const ping = histogram('ping.duration', RTT_MS_BOUNDS, 'Round trips of the heartbeat');
  opened.add(0);
  for (const attributes of END_ATTRIBUTES.values()) disconnects.add(0, attributes);
  for (const outcome of LINGER_OUTCOMES) lingered.add(0, { 'ws_linger.linger.outcome': outcome });

  const stops = [
    observe('connection.count', '{connection}', 'WebSocket connections at present', () =>
      Object.entries(processMetrics[role].read().connections).map(([phase, count]) => [
        count,
        { 'ws_linger.connection.phase': phase },
      ]),
    ),
    observe('lingering.count', '{socket}', 'Sockets that go on delivering after their WebSockets were closed', () => [
      [processMetrics[role].read().lingering.now, {}],
    ]),
  ];
  return {
    opened: () => opened.add(1),
    measuredRtt: (ms: number) => ping.record(ms / 1_000),
    ended({ kind, phase, openMs, elapsedMs }: CloseInfo) {
      const attributes = END_ATTRIBUTES.get(kind);
      disconnects.add(1, attributes);
      close.record(elapsedMs / 1_000, attributes);
      if (phase !== 'opening') connection.record((openMs + elapsedMs) / 1_000, attributes);
    },
    lingered: (outcome: LingerOutcome) => lingered.add(1, { 'ws_linger.linger.outcome': outcome }),
    stop() {
      for (const stop of stops) stop();
    },
  };
}
