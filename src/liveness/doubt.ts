/** A connection that nothing was heard of for half of a limit: looks whether its peer's system acknowledges bytes. */
import { performance } from 'node:perf_hooks';
import type { TransportLook } from '../socket-control/contract';
import type { Watchable } from './watchable';

export class Doubt {
  readonly #since = performance.now();
  #last: TransportLook | null = null;

  /** Whether it was seen to acknowledge some since this was asked before. Begins a look, whose answer comes later. */
  acknowledges(connection: Watchable): boolean {
    const look = connection.lookAtTransport();
    if (!look || look.at < this.#since) return false;
    const before = this.#last;
    this.#last = look;
    return before !== null && look.unacknowledged < before.unacknowledged;
  }
}
