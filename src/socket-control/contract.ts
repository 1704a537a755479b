/** What the rest of the package asks of the transport under a WebSocket. One contract, one file per implementation. */
export interface SocketControl {
  readonly kind: 'native' | 'portable';

  /**
   * Ends the connection by RST (RFC 9293 §3.10.5 ABORT): queued bytes are dropped on both sides and nothing stays behind
   * in the kernel. Calls `done` once, with what was done rather than what was asked: a pipe has no RST, and a connection
   * that is already gone needs none.
   */
  abort(done: (how: 'reset' | 'destroy') => void): void;

  /** Chooses what closing the socket does from now on: send RST, or the default. False when it could not be set. */
  setLinger(mode: 'abortive' | 'default'): boolean;

  /** A lost connection is a result, never a throw. */
  shutdown(how: 'send' | 'receive' | 'both'): SocketResult;

  /** What the system knows of bytes on their way; null where it does not tell, or has not been asked long enough ago. */
  look(): TransportLook | null;

  /** Looks at the connection without reading from it. */
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

/** `code` is `WSAECONNRESET` and the like, `GONE` when the connection no longer exists, `UNSUPPORTED` when portable. */
export type SocketResult = { ok: true } | { ok: false; code: string; wsaCode?: number };
