/** A connection that nothing was heard of: looks whether its peer's system acknowledges bytes that were sent before. */
import { performance } from 'node:perf_hooks';
import type { TransportLook } from '../socket-control/contract';

export class Doubt {
  readonly #since = performance.now();
  /** What is sent behind this says nothing of the peer's program: its system takes that by itself. */
  readonly #until: number;
  #acknowledged = Number.NaN;

  /** `until`: bytes of the connection that count; by default all. */
  constructor(until = Number.POSITIVE_INFINITY) {
    this.#until = until;
  }

  /** Whether it was seen to acknowledge some since this was asked before. `accepted`: bytes that the local TCP stack has taken. */
  acknowledges(look: TransportLook | null, accepted: number): boolean {
    if (!look || look.at < this.#since) return false;
    const before = this.#acknowledged;
    this.#acknowledged = accepted - look.unacknowledged;
    return before < this.#until && this.#acknowledged > before;
  }
}
