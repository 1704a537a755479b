/** What this package keeps of a WebSocketServer. It uses no listeners of the server, since users may remove all of those. */
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { untilAborted } from '../abort-signal';
import type { AsyncDisposal } from '../async-disposal';
import type { CloseKind } from '../close-info';
import type { Group } from '../connection/group';
import { observerOf } from '../connection/transport';
import { isMarked, kServerSide } from '../copies';
import { withCode } from '../errors';
import type { Settings } from '../options';
import { hasNative, onAccepted } from '../socket-control/choose';
import { prepareToLog } from '../telemetry/log';
import type { Stats } from '../telemetry/metrics';
import type { RecentEnd } from '../telemetry/recent-ends';
import type { UpstreamServer } from '../upstream';
import { rememberServer } from './all-servers';
import { Drain, type DrainOptions, type DrainTarget, parseDrainOptions } from './drain';
import type { Guard } from './guard';
import { guardOf } from './guard-registry';
import { isOurs, markOurs } from './orphan-errors';
import { beforeEvents } from './server-events';

/** What a server has besides ws's own. `await using` drains it, as `drain()` without options does. */
export interface ServerAdditions extends AsyncDisposal {
  /** Whether it is listening (with `noServer`: not closed) and not drained: what a readiness probe asks. */
  readonly ready: boolean;
  /** Whether it is drained: true from the call of `drain()` on, also when that is done. */
  readonly draining: boolean;
  /** Counts of this server's connections: how many there are, and how the others ended. */
  stats(): Stats;
  /** The last ends of this server's connections, the newest last: as many as the `recentEnds` option says. */
  recentEnds(): RecentEnd[];
  /**
   * Ends all connections and closes the server, for a restart. `ready` turns false, 'draining' is emitted, and new upgrade requests
   * are answered by 503 with Retry-After. After `notice` ms each connection is closed by a closing handshake, spread over `spread`
   * ms; each end from the call on has `by: 'drain'`, unless another rule began it. Then the server is closed, and with it the HTTP server
   * where it is this server's own, idle connections included. The promise resolves when no socket goes on delivering any
   * more, or at the deadline, so a peer that never answers makes it take the whole `timeout`. What the system holds by then it
   * goes on delivering, with FIN behind it. A second after the deadline it resolves in all cases.
   *
   * May be called again: it goes on, and a `notice`, `spread` or `timeout` that ends sooner counts. Throws `WSL_ERR_OPTION_TYPE`,
   * `WSL_ERR_OPTION_RANGE` or `WSL_ERR_UNKNOWN_OPTION` before anything is touched.
   *
   * @returns How many connections ended meanwhile, by kind. It rejects only with the reason of an aborted `signal`.
   */
  drain(options?: DrainOptions): Promise<Record<CloseKind, number>>;
}

type Owner = object & { [kServerSide]?: ServerSide };

/** A server to be drained, and how. */
export interface DrainCall {
  side: ServerSide;
  options: DrainOptions;
}

/** The state of a server of ws that has not been closed (RUNNING in ws's websocket-server.js). */
const RUNNING = 0;

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
    rememberServer(this);
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

  get draining(): boolean {
    return this.#drain !== null;
  }

  get ready(): boolean {
    const { _state, _server } = this.wss;
    return !this.draining && _state === RUNNING && (_server?.listening ?? true);
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
    return untilAborted(parsed.signal, () => {
      drainTogether([{ side: this, options: parsed }]);
      return (this.#drain as Drain).done;
    });
  }

  /** The first of three steps: from now on upgrade requests are refused. Returns the drain, and whether it has just begun. */
  beginDrain(options: DrainOptions): { drain: Drain; isNew: boolean } {
    if (this.#drain) {
      this.#drain.shorten(options);
      return { drain: this.#drain, isNew: false };
    }
    this.#drain = new Drain(this, options);
    if (this.wss.options.server) this.#refuseForwarded(this.wss.options.server as Server);
    return { drain: this.#drain, isNew: true };
  }

  /** The second step. A listener that throws keeps nothing from being drained. */
  announceDrain(): void {
    try {
      this.wss.emit('draining');
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  /**
   * Frameworks that listen on 127.0.0.1 and on ::1 have an HTTP server for each, and emit the upgrade requests of the second one on the
   * first one. When ws has let go of that, nobody would answer them.
   */
  #refuseForwarded(server: Server): void {
    const refuse = (_request: unknown, socket: Duplex) => {
      if (server.listeners('upgrade').every(isOurs) && !socket.writableEnded) this.refuses(socket);
    };
    server.on('upgrade', markOurs(refuse));
  }
}

/** Drains servers as one: none of them is ready, and all have said so, when the first connection is closed. */
export function drainTogether(targets: readonly DrainCall[]): Promise<Record<CloseKind, number>>[] {
  const drains = targets.map(({ side, options }) => ({ side, ...side.beginDrain(options) }));
  const begun = drains.filter(({ isNew }) => isNew);
  for (const { side } of begun) side.announceDrain();
  for (const { drain } of begun) drain.start();
  return drains.map(({ drain }) => drain.done);
}

/** Of a server of another copy of this package, too. */
export function sideOf(wss: Owner | null | undefined): ServerSide | undefined {
  return wss?.[kServerSide];
}

/** Those of several servers. Throws `WSL_ERR_NOT_ATTACHABLE` for what is none of this package; `call` is the function that was given it. */
export function sidesOf(call: string, servers: object | object[]): ServerSide[] {
  return [servers].flat().map((server) => {
    const side = isMarked(server) ? sideOf(server) : undefined;
    if (side) return side;
    throw withCode(new TypeError(`${call} takes WebSocketServers, attached ones too`), 'WSL_ERR_NOT_ATTACHABLE');
  });
}
