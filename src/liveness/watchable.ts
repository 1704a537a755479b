/** What liveness knows of a connection, and does to it. */

import type { TransportLook } from '../socket-control/contract';
import type { SlowPolicy } from './backpressure';
import type { Timers } from './clock';

/** What a check finds of a connection. */
export interface Snapshot {
  received: number;
  accepted: number;
  unsent: number;
  queued: number;
  /** Input is read and counted: only then can silence be judged. */
  countsInput: boolean;
  /** This side is at work on what it has to send (deflate), and everything else waits for that. */
  busy: boolean;
}

/** A connection that is checked. */
export interface Watchable {
  /** Nothing waits to be sent. Cheap, since it is asked of every connection at every check. */
  isIdle(): boolean;
  snapshot(): Snapshot;
  /** What the system knows of bytes on their way; null where it does not tell. */
  lookAtTransport(): TransportLook | null;
  /** Bytes that were sent so far, those that wait included. */
  sent(): number;
  /** Returns how many bytes had come from the peer by then. */
  ping(): number;
  /** The pong has come. Cheap: of most connections nothing else has to be asked. */
  isAnswered(): boolean;
  giveUp(policy: 'heartbeat' | SlowPolicy): void;
  /** Closes a connection that has reached its age. */
  retire(timers: Timers): void;
}
