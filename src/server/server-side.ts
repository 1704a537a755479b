/** What this package keeps of a WebSocketServer. It uses no listeners of the server, since users may remove all of those. */
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { CloseKind } from '../close-info';
import type { Group } from '../connection/group';
import { observerOf } from '../connection/transport';
import { kServerSide } from '../copies';
import type { Settings } from '../options';
import { hasNative, onAccepted } from '../socket-control/choose';
import { prepareToLog } from '../telemetry/log';
import type { Stats } from '../telemetry/metrics';
import type { RecentEnd } from '../telemetry/recent-ends';
import type { UpstreamServer } from '../upstream';
import { Drain, type DrainOptions, type DrainTarget, parseDrainOptions } from './drain';
import type { Guard } from './guard';
import { guardOf } from './guard-registry';
import { beforeEvents } from './server-events';

/** The methods that a server has besides ws's own. */
export interface ServerAdditions {
  /** Counts of this server's connections: how many there are, and how the others ended. */
  stats(): Stats;
  /** The last ends of this server's connections, the newest last: as many as the `recentEnds` option says. */
  recentEnds(): RecentEnd[];
  /**
   * Ends all connections and closes the server, for a restart. New upgrade requests are answered by 503 with Retry-After; each
   * connection is closed by a closing handshake, spread over `spread` ms. Then the server is closed, and with it the HTTP server
   * where it is this server's own, idle connections included. The promise resolves when no socket goes on delivering any
   * more, or at the deadline, so a peer that never answers makes it take the whole `timeout`. What the system holds by then it
   * goes on delivering, with FIN behind it. A second after the deadline it resolves in all cases.
   *
   * May be called again: it goes on, and a `timeout` or `spread` that ends sooner counts. Throws `WSL_ERR_OPTION_TYPE`,
   * `WSL_ERR_OPTION_RANGE` or `WSL_ERR_UNKNOWN_OPTION` before anything is touched.
   *
   * @returns How many connections ended meanwhile, by kind.
   */
  drain(options?: DrainOptions): Promise<Record<CloseKind, number>>;
}

type Owner = object & { [kServerSide]?: ServerSide };

export class ServerSide implements DrainTarget {
  readonly wss: UpstreamServer;
  readonly group: Group;
  #stop: (() => void)[] = [];
  #drain: Drain | null = null;
  own: { server: Server; guard: Guard } | null = null;

  /** `answersAlone`: whether it is ws alone that answers upgrade requests, and no method or callback of the application. */
  constructor(wss: UpstreamServer, group: Group, answersAlone?: () => boolean) {
    this.wss = wss;
    this.group = group;
    if (!wss.clients) group.tracked = new Set();
    if (wss._server) this.#watch(wss._server, group.settings, answersAlone);
    Object.defineProperty(wss, kServerSide, { value: this });
    prepareToLog(group.settings.logger);
  }

  #watch(server: Server, settings: Settings, answersAlone: (() => boolean) | undefined): void {
    const { guard, stop } = guardOf(server, settings, this.group.metrics);
    const listener = answersAlone && server.listeners?.('upgrade').at(-1); // which ws has added just now
    if (listener) guard.trust(listener as () => void, answersAlone);
    if (!this.wss.options.server) this.own = { server, guard };
    this.#stop = [stop];
    if (!hasNative(settings)) return;
    this.#stop.push(beforeEvents(server, { connection: (socket: Socket) => onAccepted(socket, settings) }));
  }

  stop(): void {
    for (const stop of this.#stop.splice(0)) stop();
  }

  /** Answers an upgrade request that comes while the server is drained. Of any other the socket's guard is told how long to wait. */
  refuses(socket: Duplex): boolean {
    if (this.#drain) return this.#drain.refuse(socket);
    const observer = observerOf(socket);
    if (observer?.kind === 'guard') (observer as Guard).waitAtLeast(this.group.settings.upgradeTimeout);
    return false;
  }

  drain(options: DrainOptions | undefined): Promise<Record<CloseKind, number>> {
    const parsed = parseDrainOptions(options);
    if (this.#drain) this.#drain.shorten(parsed);
    else this.#drain = new Drain(this, parsed);
    return this.#drain.done;
  }
}

/** Of a server of another copy of this package, too. */
export function sideOf(wss: Owner | null | undefined): ServerSide | undefined {
  return wss?.[kServerSide];
}
