/** What connections have in common: the settings, the counts, and the events of one server's connections, or of clients. */
import type { Duplex } from 'node:stream';
import type { CloseInfo, Lingered } from '../close-info';
import { kGroup } from '../copies';
import { type Watching, watching } from '../liveness/watch';
import type { Settings } from '../options';
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
import { logDisconnect, logLingered, peerAddress } from '../telemetry/log';
import { Metrics, processMetrics } from '../telemetry/metrics';
import { RecentEnds } from '../telemetry/recent-ends';
import { LingerCap } from './linger-cap';
import type { LingerOwner } from './lingering-sockets';

/** What is told of a connection that has ended, besides how. */
interface EndedConnection {
  readonly stream: Duplex | null;
  /** The peer's, where it was asked for before. */
  readonly address: string | undefined;
  /** An 'error' listener of the application was told of its error. */
  readonly errorHeard: boolean;
}

/** What the application has set, where it is of the declared type: a program of its own may have something else by that name. */
export function connectionIdOf(ws: { connectionId?: unknown }): string | number | undefined {
  try {
    const { connectionId } = ws;
    return typeof connectionId === 'string' || typeof connectionId === 'number' ? connectionId : undefined;
  } catch {
    return undefined; // a getter
  }
}

export class Group implements LingerOwner {
  readonly settings: Settings;
  readonly role: 'server' | 'client';
  readonly metrics: Metrics;
  /** The open WebSockets, where ws itself keeps none (`clientTracking: false`). */
  tracked: Set<object> | null = null;
  /** The last ends, of a server; null where none are to be kept. */
  readonly recentEnds: RecentEnds | null;
  /** When the drain of the server began, in ms of the monotonic clock; null before. */
  drainingSince: number | null = null;
  /** Called for each that opens. */
  onOpened: ((ws: object) => void) | null = null;
  /** Null where the settings ask for no heartbeat and set no limit for slow peers. */
  readonly watching: Watching | null;
  readonly lingerCap: LingerCap | null;

  constructor(settings: Settings, role: 'server' | 'client') {
    this.settings = settings;
    this.role = role;
    this.metrics = role === 'server' ? new Metrics(processMetrics.server) : processMetrics.client;
    this.recentEnds = role === 'server' && settings.recentEnds > 0 ? new RecentEnds(settings.recentEnds) : null;
    this.watching = watching(settings);
    const { maxLingering: sockets, maxLingeringBytes: bytes } = settings;
    this.lingerCap = Math.min(sockets, bytes) === Number.POSITIVE_INFINITY ? null : new LingerCap({ sockets, bytes });
  }

  opened(ws: object): void {
    this.tracked?.add(ws);
    this.onOpened?.(ws);
    if (openChannel.hasSubscribers) openChannel.publish({ ws, role: this.role } satisfies OpenMessage);
  }

  measuredRtt(ws: object, rttMs: number): void {
    this.metrics.measuredRtt(rttMs);
    if (rttChannel.hasSubscribers) rttChannel.publish({ ws, role: this.role, rttMs } satisfies RttMessage);
  }

  ended(ws: object, info: CloseInfo, { stream, address, errorHeard }: EndedConnection): void {
    this.metrics.ended(info);
    this.tracked?.delete(ws);
    const connectionId = connectionIdOf(ws);
    const remoteAddress = address ?? peerAddress(stream);
    const end = { at: Date.now(), connectionId, remoteAddress, info };
    this.recentEnds?.add(end);
    logDisconnect(this.settings.logger, end, errorHeard);
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

type Role = Group['role'];

const groups = new WeakMap<Settings, Partial<Record<Role, Group>>>();

/** The group of connections that belong to no server of this package: one for all with the same settings. */
export function groupFor(settings: Settings, role: Role): Group {
  const known = groups.get(settings) ?? {};
  groups.set(settings, known);
  known[role] ??= new Group(settings, role);
  return known[role];
}

type ServerOptions = object & { [kGroup]?: Group };

/** Keeps a server's group with the options that ws hands to each connection's constructor, unseen by those who copy them. */
export function putGroup(options: ServerOptions, group: Group): void {
  Object.defineProperty(options, kGroup, { value: group });
}

export function groupIn(options: ServerOptions): Group | undefined {
  return options[kGroup];
}
