import type { AsyncDisposal } from './async-disposal';
import { connectionOf } from './connection/connection';
import { Group, groupFor, putGroup } from './connection/group';
import { isMarked, mark } from './copies';
import { parseOptions } from './defaults';
import { withCode } from './errors';
import { asksForSame, type LingerOptions, type Settings } from './options';
import { type ServerAdditions, ServerSide, sideOf } from './server/server-side';
import { checkControl } from './socket-control/choose';
import { Upstream, type UpstreamServer, type UpstreamSocket } from './upstream';
import { addDisposal, adopt, letAssign, lingeringClass, type WebSocket } from './websocket';

/**
 * Gives a WebSocket or a WebSocketServer that plain `ws` made what this package's own have; for a server, its present
 * and its future connections. Returns the same object. Attaching twice changes nothing, also where another copy of this package
 * did so first. Of a WebSocket that has closed already only what ws still knows is told: `closeInfo` has the kind
 * `unknown` or `clean`, and the origin `network`, since nobody saw who began.
 *
 * ws's own `closeTimeout` is the default of both limits unless it is 30 s: ws fills that in itself, so nobody can tell whether it
 * was given, and the limits have their own defaults.
 *
 * Throws `WSL_ERR_NOT_ATTACHABLE` for anything else (what is frozen, and what older versions of ws made, too: servers before 8.5,
 * WebSockets before 8.3), `WSL_ERR_ALREADY_ATTACHED` for options that differ from those that it has already, and `WSL_ERR_*` for
 * wrong options, before anything is touched.
 */
export function attach<T extends AnyServer>(wss: T, options?: LingerOptions): T & ServerAdditions;
export function attach<T extends AnySocket>(ws: T, options?: LingerOptions): T & WebSocket;
export function attach(target: object, options?: LingerOptions): object {
  if (isServer(target)) return attachServer(target, options);
  if (isSocket(target)) return attachClient(target, options);
  const wanted = 'a WebSocketServer made by ws 8.5 or newer, or a WebSocket made by ws 8.3 or newer';
  throw notAttachable(`attach() takes ${wanted}${isOfOlderWs(target) ? OLDER : ''}`);
}

function notAttachable(message: string): Error {
  return withCode(new TypeError(message), 'WSL_ERR_NOT_ATTACHABLE');
}

const OLDER =
  '. This is of an older ws, which stays as it is: take a release of the library that made it that has a newer ws, and ' +
  'where an override is used, override "ws@^8" rather than "ws"';

/** ws fills in its default of 30 s, so that nobody can tell whether it was given. */
function givenCloseTimeout(closeTimeout: number | undefined): number | undefined {
  return closeTimeout === 30_000 ? undefined : closeTimeout;
}

/** What tells a server of ws, whichever of its type declarations describes it. */
interface AnyServer {
  handleUpgrade(...args: never[]): void;
  options: object;
}

interface AnySocket {
  terminate(): void;
  readonly bufferedAmount: number;
}

type Upgrade = Parameters<UpstreamServer['handleUpgrade']>;

function attachServer(wss: UpstreamServer, options: LingerOptions | undefined): UpstreamServer {
  const attached = isMarked(wss) ? sideOf(wss) : undefined;
  const settings = settingsFor(attached?.group, options, wss.options.closeTimeout);
  if (attached) return wss;
  checkExtensible(wss, wss.options, ...(wss.clients ?? []));
  const group = new Group(settings, 'server');
  wss.options.WebSocket = withOptions(lingeringClass(wss.options.WebSocket), wss.options);
  putGroup(wss.options, group);
  mark(wss);
  const side = new ServerSide(wss, group);
  for (const ws of wss.clients ?? []) attachSocket(ws as UpstreamSocket, group);

  const { close, handleUpgrade } = wss;
  const added: Omit<ServerAdditions, keyof AsyncDisposal | 'ready' | 'draining'> &
    Pick<UpstreamServer, 'close'> & { handleUpgrade(...args: Upgrade): void } = {
    close(callback) {
      side.stop();
      close.call(wss, callback);
    },
    handleUpgrade(...upgrade) {
      if (!side.refuses(upgrade[1])) handleUpgrade.apply(wss, upgrade);
    },
    stats: () => group.metrics.read(),
    recentEnds: () => group.recentEnds?.read() ?? [],
    drain: (options) => side.drain(options),
  };
  for (const [name, value] of Object.entries(added)) {
    Object.defineProperty(wss, name, { value, writable: true, configurable: true });
  }
  // What the application has set by these names stays.
  for (const name of (['ready', 'draining'] as const).filter((name) => !(name in wss))) {
    Object.defineProperty(wss, name, { get: () => side[name], configurable: true });
    letAssign(wss, [name]);
  }
  addDisposal(wss, async () => {
    await side.drain(undefined);
  });
  return wss;
}

/** What is frozen, sealed or not extensible would throw half-way. */
function checkExtensible(...targets: object[]): void {
  if (!targets.every(Object.isExtensible))
    throw notAttachable('attach() takes no server or WebSocket that is frozen, and no server whose options are');
}

/** ws before 8.16, which has no `autoPong`, hands its connections no options, by which they find the server's group. */
function withOptions(Class: typeof Upstream, options: UpstreamServer['options']): typeof Upstream {
  if ('autoPong' in options) return Class;
  return new Proxy(Class, {
    construct: (target, [address, protocols, given = options], newTarget) =>
      Reflect.construct(target, [address, protocols, given], newTarget),
  });
}

function attachClient(ws: UpstreamSocket, options: LingerOptions | undefined): UpstreamSocket {
  const attached = isMarked(ws) ? connectionOf(ws) : undefined;
  const settings = settingsFor(attached?.group, options, ws._closeTimeout);
  if (attached) return ws;
  checkExtensible(ws);
  return attachSocket(ws, groupFor(settings, ws._isServer ? 'server' : 'client'));
}

/** Checks the options before anything is touched. Who has settings already keeps them, and may be asked for no others. */
function settingsFor(
  attached: Group | undefined,
  options: LingerOptions | undefined,
  wsCloseTimeout: number | undefined,
): Settings {
  const settings = parseOptions(options, givenCloseTimeout(wsCloseTimeout));
  checkControl(settings);
  if (!attached || asksForSame(attached.settings, options, settings)) return settings;
  const message = 'attach() was called with other options than those that it has already';
  throw withCode(new Error(message), 'WSL_ERR_ALREADY_ATTACHED');
}

function attachSocket(ws: UpstreamSocket, group: Group): UpstreamSocket {
  if (isMarked(ws) && connectionOf(ws)) return ws;
  const connection = adopt(ws, group);
  if (ws.readyState === Upstream.CLOSED) connection.hadClosed();
  else if (ws.readyState === Upstream.CLOSING && !ws._socket) connection.hadBrokenOff();
  else if (ws._socket) {
    connection.watchSocket(ws._socket);
    connection.opened();
  } else if (ws._req) connection.watchRequest(ws._req);
  if (ws.readyState === Upstream.CLOSING && ws._socket) connection.close();
  return ws;
}

// Recognised by the members that are used: there may be several copies of ws, so `instanceof` says nothing.

function isServer(target: object): target is UpstreamServer {
  const { handleUpgrade, options } = (target ?? {}) as UpstreamServer;
  return typeof handleUpgrade === 'function' && isSocketLike(options?.WebSocket?.prototype);
}

function isSocket(target: object): target is UpstreamSocket {
  return isSocketLike(target) && Buffer.isBuffer((target as UpstreamSocket)._closeMessage);
}

/** What ws 7 and the first releases of ws 8 made: `completeUpgrade()` is of servers, `_closeCode` of WebSockets. */
function isOfOlderWs(target: object): boolean {
  const { completeUpgrade, emitClose, _closeCode } = (target ?? {}) as Record<string, unknown>;
  return typeof completeUpgrade === 'function' || (typeof emitClose === 'function' && typeof _closeCode === 'number');
}

function isSocketLike(target: object | undefined): boolean {
  const { emitClose, resume } = (target ?? {}) as UpstreamSocket;
  return typeof emitClose === 'function' && typeof resume === 'function';
}
