/**
 * Tells of a server's events before and after its listeners are called, and adds no listener: `server.listeners(…)` stays what
 * it is with plain ws, which routers take and call by themselves, and removeAllListeners() changes nothing here.
 *
 * It is the server's `emit` that is wrapped. Nothing else sees every upgrade request: Node has no diagnostics channel for them, and
 * the socket may have been connected before, or the event may come from another server's listener.
 */
import type { EventEmitter } from 'node:events';

/** Is given the first two arguments of its event. What it returns is called after the listeners, also where one has thrown. */
type Handler = (first: never, second: never) => unknown;

/** By the names of events. */
export type Handlers = Readonly<Record<string, Handler>>;

interface Wrapper {
  active: boolean;
  /** Takes the wrapper off, and returns whether that could be done: not of a server that was sealed. Only where it is the outermost one. */
  unwrap(): boolean;
}

/** Carried by every wrapper, of each copy of this package: they may be taken off in any order. */
const kWrapper = Symbol.for('ws-linger emit 1');

type Emit = EventEmitter['emit'] & { [kWrapper]?: Wrapper };

/** Calls a handler for each event of its name, before its listeners. Returns a function that ends this. */
export function beforeEvents(server: EventEmitter, handlers: Handlers): () => void {
  const before = Object.getOwnPropertyDescriptor(server, 'emit');
  const isFixed = before ? !before.configurable : !Object.isExtensible(server);
  // ws itself uses only on() and removeListener() of a server.
  if (typeof server.emit !== 'function' || isFixed) return () => {};

  const own = before && server.emit;
  const prototype = Object.getPrototypeOf(server) as EventEmitter;
  const byName = new Map<string | symbol, Handler>(Object.entries(handlers));
  const wrapper: Wrapper = {
    active: true,
    unwrap() {
      return before ? Reflect.defineProperty(server, 'emit', before) : Reflect.deleteProperty(server, 'emit');
    },
  };
  function emit(this: EventEmitter, ...event: [name: string | symbol, ...args: unknown[]]): boolean {
    const [name, first, second] = event;
    const after = wrapper.active ? byName.get(name)?.(first as never, second as never) : undefined;
    try {
      return Reflect.apply(own ?? prototype.emit, this, event);
    } finally {
      if (typeof after === 'function') after();
    }
  }
  const value = Object.assign(emit, { [kWrapper]: wrapper });
  // Not enumerable: whoever lists what the server has finds what it had.
  Object.defineProperty(server, 'emit', { value, writable: true, configurable: true, enumerable: false });

  return () => {
    wrapper.active = false;
    for (let outer = outerWrapper(server); outer && !outer.active; outer = outerWrapper(server)) {
      if (!outer.unwrap()) return;
    }
  };
}

function outerWrapper(server: EventEmitter): Wrapper | undefined {
  return Object.hasOwn(server, 'emit') ? (server.emit as Emit)[kWrapper] : undefined;
}
