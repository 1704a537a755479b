export const CLOSE_KINDS = [
  'clean',
  'closed-without-handshake',
  'reset',
  'aborted',
  'timed-out',
  'unreachable',
  'close-timeout',
  'protocol-error',
  'slow-consumer',
  'local-abort',
  'upgrade-failed',
  'tls-failed',
  'unknown',
] as const;

/**
 * How a connection ended. A closed set, fit for metric labels.
 *
 * - `clean`: both close frames crossed (RFC 6455 §7.1.4).
 * - `closed-without-handshake`: the peer sent FIN without a close frame, or in the middle of a frame; or it sent a close frame
 *   and was gone before that could be answered, and `code` is the peer's then.
 * - `reset`: the peer sent RST (WSAECONNRESET, 10054).
 * - `aborted`: the local TCP stack gave the connection up (WSAECONNABORTED, 10053).
 * - `timed-out`: the peer vanished; retransmission or keep-alive ran out.
 * - `unreachable`: no route to the peer any more.
 * - `close-timeout`: the closing handshake was not finished in time. The socket goes on delivering what was sent.
 * - `protocol-error`: the peer broke RFC 6455.
 * - `slow-consumer`: the peer did not read what was sent to it.
 * - `local-abort`: `abort()` or `terminate()` was called here, or the connection was closed before it was open.
 * - `upgrade-failed`: it never became a WebSocket.
 * - `tls-failed`: TLS could not be set up or broke.
 * - `unknown`: none of these; `error` has what is known.
 */
export type CloseKind = (typeof CLOSE_KINDS)[number];

/**
 * How a peer of a server was lost before it was a WebSocket: in its request or while it waited for the answer, in TLS, or before it
 * sent a single byte, as the health checks of balancers do.
 */
export type FailedOpening = 'upgrade-failed' | 'tls-failed' | 'no-request';

/**
 * Who ended it: this side, the other side, or what lies between (the local TCP stack included), which stands for nobody, too, where
 * that cannot be known.
 */
export type CloseOrigin = 'local' | 'peer' | 'network';

/**
 * Where the connection stood when its end began: `opening` before 'open'; `open`; `handshake` from the first close
 * frame until both have crossed; `fin` from there, or from the peer's FIN, until TCP is closed.
 */
export type ClosePhase = 'opening' | 'open' | 'handshake' | 'fin';

/**
 * Where a connection stands: what `ClosePhase` says, `cut` once this side has ended it and only its 'close' is waited for, and
 * `closed`.
 */
export type Phase = ClosePhase | 'cut' | 'closed';

export const CLOSE_POLICIES = [
  'drain',
  'max-age',
  'heartbeat',
  'keep-alive',
  'max-buffered',
  'send-timeout',
  'auto-pong-limit',
] as const;

/**
 * The rule by which this side ended a connection, where it was neither the peer nor a call of the application; and `drain` for each end
 * that such a rule did not begin and that began while the server was drained, the peers' own included.
 *
 * - `drain`: `drain()` or `drainOnSignal()` closed it, or it ended meanwhile; `origin` says by whom.
 * - `max-age`: it had reached `maxAge`.
 * - `heartbeat`: a ping was not answered in time.
 * - `keep-alive`: the peer's system did not answer TCP keep-alive.
 * - `max-buffered`: more was queued for the peer than `maxBufferedAmount`.
 * - `send-timeout`: the peer took nothing of what was queued for `sendTimeout`.
 * - `auto-pong-limit`: the peer sent pings, and did not read the pongs (ws's `maxPendingAutoPongs`).
 */
export type ClosePolicy = (typeof CLOSE_POLICIES)[number];

/** A close frame (RFC 6455 §5.5.1). */
export interface CloseFrame {
  /** The close code; 1005 where the frame had none. */
  code: number;
  /** The close reason, '' where there was none. */
  reason: string;
  /** It was the first of both close frames, as seen from this side. Null where both had crossed before `attach()`. */
  first: boolean | null;
}

/** The error that ended a connection, in Node's terms. */
export interface CloseError {
  /** Node's or ws's code, such as `ECONNRESET`, or `UNKNOWN`. */
  code: string;
  /** The error's own text. */
  message: string;
  /** libuv's error number, negative; undefined for errors that are not the system's. */
  errno: number | undefined;
  /** The system call that failed, such as `read`; undefined for errors that are not the system's. */
  syscall: string | undefined;
  /** The Winsock code that this error stands for. Only on Windows, and only where libuv's mapping leaves no doubt. */
  wsaCode?: number;
}

/** Why a connection ended. The first cause counts: what its end brings about afterwards does not change it. */
export interface CloseInfo {
  /** How it ended. */
  kind: CloseKind;
  /** Who ended it. Of a stream of HTTP/2 that was reset or destroyed Node does not tell which side did so: there it may be wrong. */
  origin: CloseOrigin;
  /** Where the connection stood then. */
  phase: ClosePhase;
  /** The close code, as ws's 'close' event has it: 1006 when there was no close frame (RFC 6455 §7.1.5). */
  code: number;
  /** The peer's close reason, '' when there was none. */
  reason: string;
  /** True when both close frames crossed, whatever came after. */
  clean: boolean;
  /**
   * What is known to have been done when the connection was cut here. `reset`: RST. `destroy`: a plain destroy (FIN), also where a
   * reset was asked for that the stream cannot send, and on Windows where it was asked for after this side's FIN, since it is not
   * known whether Windows still sends RST then. Null when it was not cut here, and when its socket goes on delivering.
   */
  forced: 'reset' | 'destroy' | null;
  /** True for what peers do in a normal day. Such ends are logged at debug, all others at warn. */
  expected: boolean;
  /** The rule by which this side ended it; null where there was none. */
  by: ClosePolicy | null;
  /** The error that ended it; null where there was none. */
  error: CloseError | null;
  /** The close frame of this side; null where none had left by then, and where it left before `attach()`. */
  sent: CloseFrame | null;
  /** The peer's close frame; null where none came. */
  received: CloseFrame | null;
  /**
   * Whether the peer has read all messages that were sent to it. True where it answered this side's close frame with the same code
   * (a peer that closes by itself at that moment, with that code, cannot be told from one that answers). False where some of them
   * were dropped here, or a write of some failed. Null where nobody can know; a socket that lingers goes on delivering.
   */
  delivered: boolean | null;
  /** How its socket was handled: by the Windows addon or in JavaScript. Null where it never had a socket. */
  control: 'native' | 'portable' | null;
  /**
   * Bytes received on the wire; with TLS, encrypted bytes where Node tells them, else plain ones. Null for a stream that does not
   * count.
   */
  bytesReceived: number | null;
  /**
   * Bytes the local TCP stack accepted. Not a proof of delivery. Of a write that failed Node does not tell how much was accepted: it
   * counts as a whole. Null for a stream that does not count.
   */
  bytesSent: number | null;
  /**
   * Bytes that were queued and that the local TCP stack had not accepted by then. A socket that lingers goes on with them. Where
   * the application has destroyed the socket below the WebSocket itself, Node does not tell any more what waited: then 0.
   */
  bytesUnsent: number;
  /** Milliseconds from 'open' to the first sign of the end (a close(), a close frame, FIN, an error); 0 for one that never opened. */
  openMs: number;
  /**
   * Milliseconds from the last byte in either direction to the first sign of the end, to within 3 s. Null where the
   * stream does not count its bytes. A round number, again and again, is the idle limit of something between both sides.
   */
  idleMs: number | null;
  /** Milliseconds from the first sign of the end to 'close'. */
  elapsedMs: number;
}

/** What became of a socket that lingered. */
export const LINGER_OUTCOMES = ['delivered', 'cut', 'lost'] as const;
/**
 * What became of a socket that lingered: its peer ended the connection after everything had been written (`delivered`), this
 * side ended it at `closeDeadline` or by `abort()` (`cut`), or an error did (`lost`).
 */
export type LingerOutcome = (typeof LINGER_OUTCOMES)[number];

/** How a socket ceased to linger. */
export interface Lingered {
  /** What became of it. */
  outcome: LingerOutcome;
  /** How this side cut it, as in `CloseInfo.forced`; null where it did not. */
  forced: 'reset' | 'destroy' | null;
  /** The error that ended it; null where there was none. */
  error: CloseError | null;
  /** Bytes that the local TCP stack never accepted. */
  bytesUnsent: number;
  /** How long it lingered, in ms. */
  lingeredMs: number;
}
