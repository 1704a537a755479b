/**
 * What several copies of this package share when they meet in one process: an override beside a direct dependency, two versions,
 * Jest's resetModules(). Each copy has classes of its own, so nothing is recognised by `instanceof`. A copy finds what another one
 * made under global symbols, and uses it where both have the same PROTOCOL.
 */
import { withCode } from './errors';

/** To be raised when what copies use of each other changes: Connection, Group, ServerSide, SocketObserver, Metrics, defaults. */
const PROTOCOL = 1;

// What copies of the same protocol find on a WebSocket, a socket, a listener, the options of a server, and a server.
export const kConnection: unique symbol = Symbol.for(`ws-linger.${PROTOCOL}.connection`);
export const kObserver: unique symbol = Symbol.for(`ws-linger.${PROTOCOL}.observer`);
export const kListener: unique symbol = Symbol.for(`ws-linger.${PROTOCOL}.listener`);
export const kGroup: unique symbol = Symbol.for(`ws-linger.${PROTOCOL}.group`);
export const kServerSide: unique symbol = Symbol.for(`ws-linger.${PROTOCOL}.server`);

/** The one value of all copies in this process. */
export function sharedValue<T extends object>(name: string, make: () => T): T {
  const key = Symbol.for(`ws-linger.${PROTOCOL}.${name}`);
  const known = (globalThis as Record<symbol, unknown>)[key] as T | undefined;
  if (known) return known;
  const value = make();
  // Jest deletes what it can of the objects that it finds on the global one, while they still serve what ends late.
  for (const name of Reflect.ownKeys(value)) Object.defineProperty(value, name, { configurable: false });
  Object.defineProperty(globalThis, key, { value });
  return value;
}

/** What tells classes and servers of any copy, whichever protocol it has. */
const kMark = Symbol.for('ws-linger');

type Marked = { [kMark]?: number };

export function mark(target: object): void {
  Object.defineProperty(target, kMark, { value: PROTOCOL });
}

/** Whether a copy of this package made it. Throws `WSL_ERR_OTHER_COPY` for a copy that this one cannot work with. */
export function isMarked(target: object | null | undefined): boolean {
  const protocol = (target as Marked | null | undefined)?.[kMark];
  if (protocol === undefined || protocol === PROTOCOL) return protocol !== undefined;
  const message = 'another version of ws-linger has made this, and the two cannot work together: install one of them';
  throw withCode(new Error(message), 'WSL_ERR_OTHER_COPY');
}
