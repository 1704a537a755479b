/** Whether a peer reads too slowly to be kept. Pure. */

export interface BackpressureLimits {
  maxBufferedAmount: number;
  sendTimeout: number;
}

export interface Flow {
  /** Bytes that the local TCP stack has accepted, and when that last grew or nothing was queued. */
  readonly accepted: number;
  readonly movedAt: number;
}

export function flow(
  last: Flow,
  { at, accepted, queued }: { at: number; accepted: number; queued: number },
  { maxBufferedAmount, sendTimeout }: BackpressureLimits,
): [Flow, 'slow-consumer' | null] {
  const moves = queued === 0 || accepted > last.accepted;
  const next = { accepted, movedAt: moves ? at : last.movedAt };
  const tooSlow = queued > maxBufferedAmount || at - next.movedAt >= sendTimeout;
  return [next, tooSlow ? 'slow-consumer' : null];
}
