/** Where a peer is. Node tells while the connection stands, and keeps for later what it was once asked. */
import type { Duplex } from 'node:stream';
import type { LoggerOption } from '../options';
import { openingFailedChannel } from './diagnostics';
import { isSeen } from './log';

export function peerAddress(stream: Duplex): string | undefined {
  const socket = (stream as { _parent?: Duplex | null })._parent ?? stream;
  return (socket as { remoteAddress?: string }).remoteAddress;
}

/**
 * To be called while the connection stands, where it may be lost without a word: asks for the address if somebody may want to
 * know it then. For nobody it is not asked, since that takes a tenth of what a connection costs a server.
 */
export function keepPeerAddress(stream: Duplex, logger: LoggerOption): void {
  // TLS fails in ways that are logged as unexpected, and costs so much that this is nothing beside it.
  const wanted = 'encrypted' in stream || openingFailedChannel.hasSubscribers || isSeen('debug', logger);
  if (wanted) void peerAddress(stream);
}
