/**
 * What this package tells through node:diagnostics_channel, to tools that watch a process from outside its code. A message is
 * made only where somebody listens.
 *
 * | channel | when | message |
 * | --- | --- | --- |
 * | `ws-linger:open` | a connection is open | `OpenMessage` |
 * | `ws-linger:disconnect` | right before 'disconnect' | `DisconnectMessage` |
 * | `ws-linger:opening-failed` | a server's peer is lost before it is a WebSocket | `OpeningFailedMessage` |
 */
import { channel } from 'node:diagnostics_channel';
import type { CloseError, CloseInfo } from './close-info';

export interface OpenMessage {
  ws: object;
  role: 'server' | 'client';
}

export interface DisconnectMessage {
  ws: object;
  role: 'server' | 'client';
  info: CloseInfo;
}

export interface OpeningFailedMessage {
  kind: 'upgrade-failed' | 'tls-failed';
  origin: 'local' | 'peer';
  error: CloseError | null;
  remoteAddress: string | undefined;
}

export const openChannel = channel('ws-linger:open');
export const disconnectChannel = channel('ws-linger:disconnect');
export const openingFailedChannel = channel('ws-linger:opening-failed');
