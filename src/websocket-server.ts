import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { guard } from './guard';
import { type LingerOptions, parseOptions, type Settings } from './options';
import { checkControl, onAccepted } from './socket-control/choose';
import { Upstream, type UpstreamServer } from './upstream';
import { lingeringClass, WebSocket } from './websocket';

export interface ServerOptions<
  U extends typeof Upstream = typeof WebSocket,
  V extends typeof IncomingMessage = typeof IncomingMessage,
> extends Upstream.ServerOptions<U, V> {
  linger?: LingerOptions | undefined;
}

/** ws's WebSocketServer; its connections are this package's. */
export class WebSocketServer<
  U extends typeof Upstream = typeof WebSocket,
  V extends typeof IncomingMessage = typeof IncomingMessage,
> extends Upstream.Server<U, V> {
  constructor(options?: ServerOptions<U, V>, callback?: () => void) {
    const { linger, WebSocket: given, ...rest } = (options ?? {}) as ServerOptions & { closeTimeout?: number };
    const settings = parseOptions(linger, rest.closeTimeout);
    checkControl(settings);
    // ws hands these options to each connection's constructor, which finds the settings there.
    const forUpstream = { ...rest, linger: settings, WebSocket: given ? lingeringClass(given) : WebSocket };
    super(forUpstream as unknown as ServerOptions<U, V>, callback);
    watchAccepts(this as unknown as UpstreamServer, settings);
  }

  override close(callback?: (error?: Error) => void): void {
    stopWatching.get(this)?.();
    super.close(callback);
  }
}

/** What to do when a server closes. Not a listener of the server, since users may remove all of those first. */
export const stopWatching = new WeakMap<object, () => void>();

/** Looks at each connection when it is accepted, when its SOCKET is found in one step and its peer's address is known. */
export function watchAccepts(wss: UpstreamServer, settings: Settings): void {
  const server: Server | null | undefined = wss._server;
  if (!server) return;
  const listener = (socket: Socket) => onAccepted(socket, settings);
  server.prependListener('connection', listener);
  const stopGuard = guard(server, settings);
  stopWatching.set(wss, () => {
    stopGuard();
    server.removeListener('connection', listener);
  });
}
