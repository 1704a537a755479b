/**
 * Messages on node:diagnostics_channel, for tools that observe a process from outside its code. A message is made only where a
 * channel has subscribers.
 *
 * | channel | when | message |
 * | --- | --- | --- |
 * | `ws-linger:open` | a connection is open | `OpenMessage` |
 * | `ws-linger:rtt` | a ping of the heartbeat is answered | `RttMessage` |
 * | `ws-linger:disconnect` | right before 'disconnect' | `DisconnectMessage` |
 * | `ws-linger:lingered` | a socket that went on delivering after 'close' is gone | `LingeredMessage` |
 * | `ws-linger:opening-failed` | a server's peer is lost before it is a WebSocket | `OpeningFailedMessage` |
 */
import { channel } from 'node:diagnostics_channel';
import type { CloseError, CloseInfo, FailedOpening, Lingered } from '../close-info';

/** What is told on `ws-linger:open`. */
export interface OpenMessage {
  /** The WebSocket. */
  ws: object;
  /** Which side of the connection it is. */
  role: 'server' | 'client';
}

/** What is told on `ws-linger:rtt`. */
export interface RttMessage {
  /** The WebSocket. */
  ws: object;
  /** Which side of the connection it is. */
  role: 'server' | 'client';
  /** The time from the ping to its pong, in ms. */
  rttMs: number;
}

/** What is told on `ws-linger:disconnect`. */
export interface DisconnectMessage {
  /** The WebSocket. */
  ws: object;
  /** Which side of the connection it was. */
  role: 'server' | 'client';
  /** How it ended. */
  info: CloseInfo;
}

/** What is told on `ws-linger:lingered`. The WebSocket is not in it: a lingering socket does not hold it. */
export interface LingeredMessage extends Lingered {
  /** Which side of the connection it was. */
  role: 'server' | 'client';
  /** The peer's address, where it is known. */
  remoteAddress: string | undefined;
}

/** What is told on `ws-linger:opening-failed`. */
export interface OpeningFailedMessage {
  /** Where it was lost. */
  kind: FailedOpening;
  /** `local` where the application did not answer it in time. */
  origin: 'local' | 'peer';
  /** The error that ended it; null where there was none. */
  error: CloseError | null;
  /** The peer's address, where it is known. */
  remoteAddress: string | undefined;
}

export const openChannel = channel('ws-linger:open');
export const rttChannel = channel('ws-linger:rtt');
export const disconnectChannel = channel('ws-linger:disconnect');
export const lingeredChannel = channel('ws-linger:lingered');
export const openingFailedChannel = channel('ws-linger:opening-failed');
