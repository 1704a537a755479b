/** A connection that nothing was heard of for half of a limit: looks whether its peer's system acknowledges bytes. */
import { performance } from 'node:perf_hooks';
import type { TransportLook } from '../socket-control/contract';
import type { Watchable } from './watchable';

/**
 * Fewer bytes may be the ping alone, or a message beside it, whose acknowledgment comes late (on Linux by 40 ms, on Windows by 200):
 * that a peer's system has them says nothing of its program.
 */
const BACKLOG_BYTES = 1_024;

export class Doubt {
  readonly #since = performance.now();
  #last: TransportLook | null = null;

  /** Whether it was seen to acknowledge some of a backlog since this was asked before. Begins a look, whose answer comes later. */
  acknowledges(connection: Watchable): boolean {
    const look = connection.lookAtTransport();
    if (!look || look.at < this.#since) return false;
    const before = this.#last;
    this.#last = look;
    return before !== null && before.unacknowledged >= BACKLOG_BYTES && look.unacknowledged < before.unacknowledged;
  }
}
