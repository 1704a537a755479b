import type { ClientRequest, ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import { untilAborted } from './abort-signal';
import type { CloseInfo } from './close-info';
import { type CloseOptions, parseCloseOptions } from './close-options';
import { Connection, connectionOf } from './connection/connection';
import { type Group, groupFor, groupIn } from './connection/group';
import { isMarked, mark } from './copies';
import { parseOptions } from './defaults';
import { type LingerOptions, ownValue, warnOfMisplaced } from './options';
import { checkControl } from './socket-control/choose';
import { type SocketClass, Upstream, type UpstreamSocket } from './upstream';

/** ws's options of a client, and this package's. */
export interface ClientOptions extends Upstream.ClientOptions {
  /** What this package does with the connection. */
  linger?: LingerOptions | undefined;
}

type ConstructorOptions = ClientOptions & { closeTimeout?: number };

/** The events that ws does not have. All others are typed as in ws. */
interface AddedEvents {
  /** How the connection ended: told once, before 'close'. */
  on(event: 'disconnect', listener: (this: WebSocket, info: CloseInfo) => void): this;
  /**
   * Nothing that was sent waits in this process any more: told each time after more waited than the socket's `writableHighWaterMark`
   * (16 KiB, 64 KiB from Node 22 on), or after messages were compressed or Blobs read, and once after the listener was added while
   * something waited. Until somebody listens nothing is done for it.
   */
  on(event: 'flushed', listener: (this: WebSocket) => void): this;
  /** As `on`, for one time; it comes no more often. */
  once(event: 'disconnect', listener: (this: WebSocket, info: CloseInfo) => void): this;
  /** As `on`, for one time. */
  once(event: 'flushed', listener: (this: WebSocket) => void): this;
  /** Takes a listener away. */
  off(event: 'disconnect', listener: (this: WebSocket, info: CloseInfo) => void): this;
  /** As `on`. */
  addListener(event: 'disconnect', listener: (info: CloseInfo) => void): this;
  /** As `off`. */
  removeListener(event: 'disconnect', listener: (info: CloseInfo) => void): this;
}

/** Declared before ws's own overloads, since the last of those takes any event. */
const Base = Upstream as unknown as Omit<typeof Upstream, never> & (new (...args: unknown[]) => AddedEvents & Upstream);

/** ws's WebSocket, with ends that are bounded and explained. */
export class WebSocket extends Base {
  constructor(address: null);
  constructor(address: string | URL, options?: ClientOptions | ClientRequestArgs);
  constructor(address: string | URL, protocols?: string | string[], options?: ClientOptions | ClientRequestArgs);
  constructor(address: string | URL | null, protocols?: unknown, options?: unknown) {
    const given = optionsIn(protocols, options);
    const group = groupOf(address, given); // throws before ws has done anything
    if (address === null) {
      super(address, protocols, options);
      new Connection(this as unknown as UpstreamSocket, upstreamMethods, group);
    } else {
      let connection: Connection | undefined;
      const begin = (ws: Upstream) => {
        connection ??= new Connection(ws as UpstreamSocket, upstreamMethods, group);
        return connection;
      };
      try {
        super(address, ...watchingRequests(protocols, given, begin));
      } catch (error) {
        connection?.neverBegan();
        throw error;
      }
      begin(this as unknown as Upstream);
    }
  }

  /** Why the connection ended; null until then. Set when 'disconnect' is emitted, which is once and before 'close'. */
  get closeInfo(): CloseInfo | null {
    return connectionOf(this)?.info ?? null;
  }

  /** What the application calls this connection. Log lines and `recentEnds()` have it, where it is set. */
  declare connectionId?: string | number;

  /** The round trip of the last ping of the heartbeat that was answered, in ms; null before that, and without `linger.heartbeat`. */
  get rtt(): number | null {
    return connectionOf(this)?.rtt ?? null;
  }

  /**
   * Starts the closing handshake, as in ws. 'disconnect' and 'close' come when it is done, or after `closeTimeout` without
   * progress; the socket then goes on delivering what was sent, for `closeDeadline` at most. The first call's code and reason
   * stand.
   */
  override close(code?: number, reason?: string | Buffer): void {
    connectionOf(this)?.close(code, reason);
  }

  /**
   * `close()`, and a promise of how the connection ended. It rejects only with the reason of an aborted `signal`, and may be called
   * again: the first call's code and reason stand, and a later one can only shorten the time. `await using` does the same without
   * options.
   *
   * Throws `WSL_ERR_UNKNOWN_OPTION`, `WSL_ERR_OPTION_TYPE` or `WSL_ERR_OPTION_RANGE`, and as `close()` throws for a wrong code.
   */
  closeAsync(
    code?: number,
    reason?: string | Buffer,
    limits?: Pick<CloseOptions, 'timeout' | 'signal'>,
  ): Promise<CloseInfo>;
  closeAsync(options: CloseOptions): Promise<CloseInfo>;
  closeAsync(
    given?: number | CloseOptions,
    text?: string | Buffer,
    limits?: Pick<CloseOptions, 'timeout' | 'signal'>,
  ): Promise<CloseInfo> {
    const { code, reason, timeout, signal } = parseCloseOptions(given, text, limits);
    const connection = connectionOf(this) as Connection;
    return untilAborted(signal, () => connection.closeAsync(code, reason, { within: timeout }));
  }

  /**
   * Resolves when nothing that was sent waits in this process any more (`bufferedAmount` is 0): with true, at once where nothing waits, and
   * with false where the connection has ended before that. What the system has taken is not known to have arrived. What is sent
   * meanwhile is waited for, too. It never rejects.
   */
  flushed(): Promise<boolean> {
    return (connectionOf(this) as Connection).flushed();
  }

  /** Ends the connection without a handshake, as in ws: what the system holds is delivered, the rest is dropped. */
  override terminate(): void {
    connectionOf(this)?.terminate();
  }

  /**
   * Ends the connection at once by RST (RFC 9293 §3.10.5); what was queued is dropped on both sides. Also a socket that goes on
   * delivering after 'close'.
   */
  abort(): void {
    connectionOf(this)?.abort();
  }

  /** @internal ws calls this when the opening handshake is done. */
  setSocket(socket: Duplex, head: Buffer, options: object): void {
    connectionOf(this)?.setSocket(socket, head, options);
  }

  /** @internal ws calls this when the socket is closed. */
  emitClose(): void {
    connectionOf(this)?.emitClose();
  }
}

/** A server hands its options to its connections, and its group with them; a client has options of its own. */
function groupOf(address: unknown, given: ConstructorOptions): Group {
  const ofServer = address === null ? groupIn(given) : undefined;
  if (ofServer) return ofServer;
  warnOfMisplaced(given);
  const settings = parseOptions(ownValue(given, 'linger'), ownValue(given, 'closeTimeout'));
  checkControl(settings);
  return groupFor(settings, address === null ? 'server' : 'client');
}

const upstreamMethods = Upstream.prototype as unknown as UpstreamSocket;

/** As in ws, the options may stand in the place of the protocols. */
function optionsIn(protocols: unknown, options: unknown): ConstructorOptions {
  return (areOptions(protocols) ? protocols : (options ?? {})) as ConstructorOptions;
}

function areOptions(protocols: unknown): boolean {
  return typeof protocols === 'object' && protocols !== null && !Array.isArray(protocols);
}

/** The arguments behind the address for ws's constructor, which calls `begin` for each request of the opening handshake, redirects included. */
function watchingRequests(
  protocols: unknown,
  given: ConstructorOptions,
  begin: (ws: Upstream) => Connection,
): unknown[] {
  const watched: ConstructorOptions = {
    ...given,
    finishRequest: (request: ClientRequest, ws: Upstream) => {
      begin(ws).watchRequest(request);
      const finish = ownValue(given, 'finishRequest');
      if (finish) finish(request, ws);
      else request.end();
    },
  };
  return areOptions(protocols) ? [watched] : [protocols, watched];
}

/**
 * Gives a subclass, or its prototype, each property of its base as its own, unless it has one of that name. Those who copy
 * or enumerate what ws has (`__importStar`, mocks, wrappers) skip inherited properties, and would find nothing.
 */
export function copyDescriptors(target: object, base: object): void {
  for (const name of Reflect.ownKeys(base)) {
    const descriptor = Object.getOwnPropertyDescriptor(base, name) as PropertyDescriptor;
    if (!Object.hasOwn(target, name)) Object.defineProperty(target, name, descriptor);
  }
}

mark(WebSocket.prototype);
copyDescriptors(WebSocket, Upstream);
copyDescriptors(WebSocket.prototype, Upstream.prototype);

/** Getters that programs may assign to: ws has no such names, so that they have values of their own by them. */
export function letAssign(prototype: object, names: readonly string[]): void {
  for (const name of names) {
    Object.defineProperty(prototype, name, {
      set(value: unknown) {
        Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
      },
    });
  }
}

letAssign(WebSocket.prototype, ['closeInfo', 'rtt']);

/** Makes a WebSocket that plain ws made one of this package's. */
export function adopt(ws: UpstreamSocket, group: Group): Connection {
  const Base = ws.constructor as typeof Upstream;
  Object.setPrototypeOf(ws, lingeringClass(Base).prototype);
  return new Connection(ws, Base.prototype as UpstreamSocket, group);
}

const ADDED = [
  ...['closeInfo', 'rtt', 'close', 'closeAsync', 'flushed', 'terminate', 'abort', 'setSocket', 'emitClose'],
  ...addDisposal(WebSocket.prototype, async function dispose(this: WebSocket) {
    // ws reports a close before 'open' as an error, which would end the process where nobody listens.
    if (this.readyState === this.CONNECTING && this.listenerCount('error') === 0) this.once('error', () => {});
    await this.closeAsync();
  }),
];

/** Adds what `await using` calls, where the runtime knows it. Returns the names of what was added. */
export function addDisposal<T extends object>(target: T, dispose: (this: T) => Promise<void>): symbol[] {
  const { asyncDispose } = Symbol as { asyncDispose?: symbol };
  if (!asyncDispose) return [];
  Object.defineProperty(target, asyncDispose, { value: dispose, writable: true, configurable: true });
  return [asyncDispose];
}

/** Methods by which listeners are added. `once()` and ws's `addEventListener()` call `on()`, `prependOnceListener()` the last one. */
const LISTENING = ['on', 'addListener', 'prependListener'] as const;

/** Notices listeners of 'flushed', since the socket is watched only for them. */
function noticeListeners(target: Upstream, base: Upstream): void {
  for (const name of LISTENING) {
    const methods = {
      [name](this: Upstream, event: string, listener: () => void) {
        base[name].call(this, event, listener);
        if (event === 'flushed') connectionOf(this)?.watchOutflow();
        return this;
      },
    };
    Object.defineProperty(target, name, { value: methods[name], writable: true, configurable: true });
  }
}

noticeListeners(WebSocket.prototype as unknown as Upstream, Upstream.prototype);

type AnyConstructor = new (address: unknown, protocols: unknown, options?: ConstructorOptions) => Upstream;

const lingeringClasses = new WeakMap<object, typeof Upstream>();

/** A bound class has no prototype of its own, which a base needs, and makes objects of the class that was bound. */
function withPrototype(given: typeof Upstream): typeof Upstream {
  if (typeof (given.prototype as Partial<UpstreamSocket> | undefined)?.emitClose === 'function') return given;
  // A Proxy of the class itself could not give another prototype than the class has.
  return new Proxy(function stand() {} as unknown as typeof Upstream, {
    get: (_, name) => Reflect.get(name === 'prototype' ? Upstream : given, name),
    construct: (_, args) => Reflect.construct(given, args),
  });
}

/** A WebSocket class of plain ws, a user's, or another copy's of ws, extended by this package's methods. */
export function lingeringClass(given: SocketClass): typeof Upstream {
  const Base = withPrototype(given as typeof Upstream);
  if (isMarked(Base.prototype)) return Base;
  const known = lingeringClasses.get(Base);
  if (known) return known;

  class Lingering extends (Base as unknown as AnyConstructor) {
    constructor(address: unknown, protocols?: unknown, options?: ConstructorOptions) {
      const group = groupOf(address, optionsIn(protocols, options));
      super(address, protocols, options);
      const ws = this as unknown as UpstreamSocket;
      // A constructor may return an object of another class.
      const connection = isMarked(ws) ? new Connection(ws, Base.prototype as UpstreamSocket, group) : adopt(ws, group);
      if (ws._req) connection.watchRequest(ws._req);
    }
  }
  mark(Lingering.prototype);
  Object.defineProperty(Lingering, 'name', { value: Base.name });
  for (const name of ADDED) {
    const descriptor = Object.getOwnPropertyDescriptor(WebSocket.prototype, name) as PropertyDescriptor;
    Object.defineProperty(Lingering.prototype, name, descriptor);
  }
  noticeListeners(Lingering.prototype, Base.prototype);
  lingeringClasses.set(Base, Lingering as unknown as typeof Upstream);
  return Lingering as unknown as typeof Upstream;
}
