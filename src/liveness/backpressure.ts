/** Decides whether a peer reads too slowly to be kept. Pure. */

export interface BackpressureLimits {
  maxBufferedAmount: number;
  sendTimeout: number;
}

/** The limit that a peer was too slow for. */
export type SlowPolicy = 'max-buffered' | 'send-timeout';

export interface Flow {
  /** Bytes that the local TCP stack has accepted, and when that last grew or nothing was queued. */
  readonly accepted: number;
  /** Bytes that wait. Fewer than before is movement too: some streams tell no more than this. */
  readonly queued: number;
  readonly movedAt: number;
}

export function stepFlow(
  last: Flow,
  { at, accepted, queued, busy }: { at: number; accepted: number; queued: number; busy: boolean },
  { maxBufferedAmount, sendTimeout }: BackpressureLimits,
): [Flow, SlowPolicy | null] {
  // While this side is at work on what it has to send, nobody waits for the peer.
  const moves = queued === 0 || busy || accepted > last.accepted || queued < last.queued;
  const next = { accepted, queued, movedAt: moves ? at : last.movedAt };
  if (queued > maxBufferedAmount) return [next, 'max-buffered'];
  return [next, at - next.movedAt >= sendTimeout ? 'send-timeout' : null];
}
