/** What connections have in common: the settings, the counts, and the events of one server's connections, or of clients. */
import type { Duplex } from 'node:stream';
import type { CloseInfo, Lingered, Phase } from '../close-info';
import { type Watching, watching } from '../liveness/watch';
import type { Watchable } from '../liveness/watchable';
import { parseOptions, type Settings } from '../options';
import {
  type DisconnectMessage,
  disconnectChannel,
  type LingeredMessage,
  lingeredChannel,
  type OpenMessage,
  openChannel,
  type RttMessage,
  rttChannel,
} from '../telemetry/diagnostics';
import { logEnd, logLingered, peerAddress } from '../telemetry/log';
import { Metrics, processMetrics } from '../telemetry/metrics';
import type { LingerOwner } from './lingering';

export class Group implements LingerOwner {
  readonly settings: Settings;
  readonly role: 'server' | 'client';
  readonly metrics: Metrics;
  /** The open WebSockets, where ws itself keeps none (`clientTracking: false`). */
  tracked: Set<object> | null = null;
  /** Called for each that opens. */
  onOpened: ((ws: object) => void) | null = null;
  /** Null where the settings ask for no heartbeat and set no limit for slow peers. */
  readonly #watching: Watching | null;

  constructor(settings: Settings, role: 'server' | 'client') {
    this.settings = settings;
    this.role = role;
    this.metrics = role === 'server' ? new Metrics(processMetrics.server) : processMetrics.client;
    this.#watching = watching(settings);
  }

  /** `stays` when nothing has begun to end it since. */
  opened(ws: object, connection: Watchable, stays: boolean): void {
    if (stays) this.#watching?.add(connection);
    this.tracked?.add(ws);
    this.onOpened?.(ws);
    if (openChannel.hasSubscribers) openChannel.publish({ ws, role: this.role } satisfies OpenMessage);
  }

  moved(from: Phase | null, to: Phase, connection: Watchable): void {
    this.metrics.moved(from, to);
    if (from === 'open') this.#watching?.remove(connection);
  }

  measuredRtt(ws: object, rttMs: number): void {
    this.metrics.measuredRtt(rttMs);
    if (rttChannel.hasSubscribers) rttChannel.publish({ ws, role: this.role, rttMs } satisfies RttMessage);
  }

  ended(ws: object, info: CloseInfo, stream: Duplex | null): void {
    this.metrics.ended(info);
    this.tracked?.delete(ws);
    logEnd(this.settings.logger, 'disconnect', info, stream);
    if (disconnectChannel.hasSubscribers)
      disconnectChannel.publish({ ws, role: this.role, info } satisfies DisconnectMessage);
  }

  lingers(): void {
    this.metrics.lingers();
  }

  lingered(end: Lingered, stream: Duplex): void {
    this.metrics.lingered(end.outcome);
    logLingered(this.settings.logger, end, stream);
    if (lingeredChannel.hasSubscribers)
      lingeredChannel.publish({
        role: this.role,
        ...end,
        remoteAddress: peerAddress(stream),
      } satisfies LingeredMessage);
  }
}

const clientGroups = new WeakMap<Settings, Group>();

/** The group for a client's `linger` option. A server hands its group to its connections in place of that option. */
export function groupOf(linger: unknown, wsCloseTimeout: number | undefined): Group {
  if (linger instanceof Group) return linger;
  const settings = parseOptions(linger, wsCloseTimeout);
  const group = clientGroups.get(settings) ?? new Group(settings, 'client');
  clientGroups.set(settings, group);
  return group;
}
