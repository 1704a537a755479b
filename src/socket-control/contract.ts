/** Who has asked for an abort. */
export interface Aborting {
  /** Told once, with what was done rather than what was asked: a pipe has no RST, and a connection that is already gone needs none. */
  onAborted(how: 'reset' | 'destroy'): void;
}

/** What the rest of the package asks of the transport under a WebSocket. One contract, one file per implementation. */
export interface SocketControl {
  readonly kind: 'native' | 'portable';

  /**
   * Ends the connection by RST (RFC 9293 §3.10.5 ABORT): queued bytes are dropped on both sides and nothing stays behind
   * in the kernel.
   */
  abort(asker: Aborting): void;

  /**
   * To be called right before a plain destroy: queues FIN behind what the system holds. libuv cancels a pending read when it
   * closes a socket, and says that Windows may then send RST; a FIN that is queued before tells the peer first. Elsewhere, and
   * where the connection is gone, it does nothing.
   */
  finish(): void;

  /** What the system knows of bytes on their way; null where it does not tell, or has not been asked long enough ago. */
  look(): TransportLook | null;

  /**
   * Looks at the connection without reading from it. 'reset' is a connection that is gone, by RST or because the peer did not answer
   * any more: the cause is in the error that the next read or write gets.
   */
  probe(): 'connected' | 'peer-closed' | 'reset' | 'unknown';
}

/** A look at a transport, from outside. */
export interface TransportLook {
  /** Bytes sent that the peer's system has not acknowledged. */
  unacknowledged: number;
  /** `zero`: the peer's system is there, and has no room, since its application does not read (RFC 9293 §3.8.6.1). */
  peerWindow: 'open' | 'zero' | 'unknown';
  /** When that was so, in ms of the monotonic clock. */
  at: number;
}
