/** All servers of this process, those of other copies of this package included, as long as the application has them. */
import type { Group } from '../connection/group';
import { sharedValue } from '../copies';
import type { UpstreamServer } from '../upstream';

/** A server and its connections. */
export interface KnownServer {
  readonly wss: Pick<UpstreamServer, 'clients'>;
  readonly group: Group;
}

const known = sharedValue('servers', () => ({ references: new Set<WeakRef<KnownServer>>() }));
const collected = new FinalizationRegistry<WeakRef<KnownServer>>((reference) => known.references.delete(reference));

export function rememberServer(server: KnownServer): void {
  const reference = new WeakRef(server);
  known.references.add(reference);
  collected.register(server, reference);
}

export function allServers(): KnownServer[] {
  return [...known.references].flatMap((reference) => reference.deref() ?? []);
}

/** The WebSockets of a server that are not closed. */
export function clientsOf({ wss, group }: KnownServer): Iterable<object> {
  return wss.clients ?? group.tracked ?? [];
}
