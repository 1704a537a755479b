import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AsyncDisposal } from './async-disposal';
import type { CloseKind } from './close-info';
import { Group, putGroup } from './connection/group';
import { mark } from './copies';
import { parseOptions } from './defaults';
import { type LingerOptions, ownValue, warnOfMisplaced } from './options';
import type { DrainOptions } from './server/drain';
import { type ServerAdditions, ServerSide, sideOf } from './server/server-side';
import { checkControl } from './socket-control/choose';
import type { Stats } from './telemetry/metrics';
import type { RecentEnd } from './telemetry/recent-ends';
import { type SocketClass, Upstream, type UpstreamServer } from './upstream';
import { addDisposal, copyDescriptors, letAssign, lingeringClass, WebSocket } from './websocket';

/** ws's options of a server, and this package's. */
export interface ServerOptions<
  U extends SocketClass = typeof WebSocket,
  V extends typeof IncomingMessage = typeof IncomingMessage,
> extends Omit<Upstream.ServerOptions<typeof Upstream, V>, 'WebSocket'> {
  /** The class of the server's connections, as in ws. */
  WebSocket?: U | undefined;
  /** What this package does with the server's connections. */
  linger?: LingerOptions | undefined;
}

/** ws's WebSocketServer; its connections are this package's. */
export class WebSocketServer<
    U extends SocketClass = typeof WebSocket,
    V extends typeof IncomingMessage = typeof IncomingMessage,
  >
  extends Upstream.Server<typeof Upstream & U, V>
  implements Omit<ServerAdditions, keyof AsyncDisposal>
{
  constructor(options?: ServerOptions<U, V>, callback?: () => void) {
    const own = { ...options } as ServerOptions & { closeTimeout?: number };
    const given = ownValue(own, 'WebSocket');
    warnOfMisplaced(own);
    const settings = parseOptions(ownValue(own, 'linger'), ownValue(own, 'closeTimeout'));
    checkControl(settings);
    const forUpstream = { ...own, WebSocket: given ? lingeringClass(given) : WebSocket };
    super(forUpstream as unknown as Upstream.ServerOptions<typeof Upstream & U, V>, callback);
    const group = new Group(settings, 'server');
    putGroup(this.options, group);
    mark(this);
    new ServerSide(this as unknown as UpstreamServer, group, () => this.#answersAlone());
  }

  #answersAlone(): boolean {
    const { handleUpgrade, options } = this;
    return handleUpgrade === ownHandleUpgrade && !options.verifyClient && this.listenerCount('wsClientError') === 0;
  }

  /** As in ws: takes no new connections; those that are open stay. See {@link drain}. */
  override close(callback?: (error?: Error) => void): void {
    sideOf(this)?.stop();
    super.close(callback);
  }

  /** As in ws, but answers 503 while the server is drained. */
  override handleUpgrade(
    request: InstanceType<V>,
    socket: Duplex,
    head: Buffer,
    callback: (client: InstanceType<typeof Upstream & U>, request: InstanceType<V>) => void,
  ): void {
    if (!sideOf(this)?.refuses(socket)) super.handleUpgrade(request, socket, head, callback);
  }

  get ready(): boolean {
    return sideOf(this)?.ready ?? false;
  }

  get draining(): boolean {
    return sideOf(this)?.draining ?? false;
  }

  stats(): Stats {
    return (sideOf(this) as ServerSide).group.metrics.read();
  }

  recentEnds(): RecentEnd[] {
    return (sideOf(this) as ServerSide).group.recentEnds?.read() ?? [];
  }

  drain(options?: DrainOptions): Promise<Record<CloseKind, number>> {
    return (sideOf(this) as ServerSide).drain(options);
  }
}

const { handleUpgrade: ownHandleUpgrade } = WebSocketServer.prototype;

copyDescriptors(WebSocketServer.prototype, Upstream.Server.prototype);
addDisposal(WebSocketServer.prototype, async function dispose(this: WebSocketServer) {
  await this.drain();
});
letAssign(WebSocketServer.prototype, ['ready', 'draining']);
