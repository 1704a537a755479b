/** A connection that nothing was heard of: looks whether its peer's system acknowledges bytes that were sent before. */
import { performance } from 'node:perf_hooks';
import type { Watchable } from './watchable';

export class Doubt {
  readonly #since = performance.now();
  /** What is sent behind this says nothing of the peer's program: its system takes that by itself. */
  readonly #until: number;
  #acknowledged = Number.NaN;

  /** `until`: bytes of the connection that count; by default all. */
  constructor(until = Number.POSITIVE_INFINITY) {
    this.#until = until;
  }

  /** Whether it was seen to acknowledge some since this was asked before. Begins a look, whose answer comes later. */
  acknowledges(connection: Watchable): boolean {
    const look = connection.lookAtTransport();
    if (!look || look.at < this.#since) return false;
    const before = this.#acknowledged;
    this.#acknowledged = connection.snapshot().accepted - look.unacknowledged;
    return before < this.#until && this.#acknowledged > before;
  }
}
