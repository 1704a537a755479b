/** Judges how a connection ended from what was seen of it. Pure. */
import type { CloseError, CloseKind, CloseOrigin, ClosePolicy } from '../close-info';
import type { SocketError, State } from './lifecycle';

export interface Verdict {
  kind: CloseKind;
  origin: CloseOrigin;
  expected: boolean;
  /** Both close frames crossed, and none was destroyed on its way by a RST of this side. */
  clean: boolean;
  by: ClosePolicy | null;
}

type Judgement = readonly [CloseKind, CloseOrigin];

/** What peers do in a normal day, and what this side asked for itself. */
const EXPECTED: ReadonlySet<CloseKind> = new Set([
  'clean',
  'closed-without-handshake',
  'reset',
  'aborted',
  'timed-out',
  'unreachable',
  'close-timeout',
  'local-abort',
]);

/** Codes that say that the connection is lost, and how. */
// Each pair is written out: test/connection/ends.test.ts reads them here.
const LOST: Readonly<Record<string, Judgement>> = {
  ECONNRESET: ['reset', 'peer'],
  // Windows: the local stack gave up (10053), seen by a read or, as a cancelled operation, by a write in flight.
  ECONNABORTED: ['aborted', 'network'],
  ECANCELED: ['aborted', 'network'],
  EPIPE: ['closed-without-handshake', 'peer'],
  // What libuv makes of a write to a Windows pipe whose other end is closed.
  EOF: ['closed-without-handshake', 'peer'],
  ETIMEDOUT: ['timed-out', 'network'],
  ENETDOWN: ['unreachable', 'network'],
  ENETUNREACH: ['unreachable', 'network'],
  EHOSTDOWN: ['unreachable', 'network'],
  EHOSTUNREACH: ['unreachable', 'network'],
};

/** Codes of an opening that failed on this side: no address, port or descriptor to connect from, not allowed, no TLS to offer. */
const LOCAL_OPENING = new Set([
  'EADDRNOTAVAIL',
  'EADDRINUSE',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'EACCES',
  'EPERM',
  'EINVAL',
  'EAFNOSUPPORT',
  'ABORT_ERR',
  'ERR_SSL_NO_CIPHER_MATCH',
  'ERR_SSL_NO_PROTOCOLS_AVAILABLE',
]);

/** Codes of certificates that this side refused: Node's list in the documentation of node:tls, without the common prefixes. */
const CERTIFICATE = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CRL_HAS_EXPIRED',
  'CRL_NOT_YET_VALID',
  'CRL_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'ERROR_IN_CRL_LAST_UPDATE_FIELD',
  'ERROR_IN_CRL_NEXT_UPDATE_FIELD',
  'ERR_TLS_CERT_ALTNAME_FORMAT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'OUT_OF_MEM',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_DECRYPT_CRL_SIGNATURE',
  'UNABLE_TO_GET_CRL',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Systems count keep-alive in seconds. */
const MIN_KEEP_ALIVE_MS = 1_000;

/** Retransmission of data gives up after some 15 minutes on Linux (tcp_retries2), so an earlier end is that of keep-alive, in ms. */
const RETRANSMISSION_MS = 600_000;

/** What a socket's error says of its connection; null when none came to be, or when somebody erred rather than the network. */
export function judgeLost({
  code,
  syscall,
}: {
  code?: string | undefined;
  syscall?: string | undefined;
}): Judgement | null {
  if (code === undefined || code === 'ENOBUFS' || syscall === 'connect') return null;
  return Object.hasOwn(LOST, code) ? (LOST[code] ?? null) : null;
}

/** What is known of an end besides its state. */
export interface Circumstances {
  /** How long no byte had moved before the end; null where nobody knows. */
  idleMs: number | null;
  /** How this side cut the connection. */
  forced: 'reset' | 'destroy' | null;
}

const UNKNOWN: Circumstances = { idleMs: null, forced: null };

export function classify(state: State, { idleMs, forced }: Circumstances = UNKNOWN): Verdict {
  const clean = isClean(state, forced);
  const [kind, origin] = judge(state, clean);
  // A client's caller is told of a failed opening by ws's 'error' event.
  const expected = EXPECTED.has(kind) || state.endedIn === 'opening';
  return { kind, origin, expected, clean, by: state.by ?? (clean ? null : keepAliveOf(state, idleMs)) };
}

/** An answer to the peer's close frame that a RST of this side overtakes may not arrive; the peer's answer to ours has. */
function isClean({ bothCloseFrames, closedBy }: State, forced: Circumstances['forced']): boolean {
  return bothCloseFrames && !(forced === 'reset' && closedBy !== 'local');
}

function judge({ cause, closedBy, endedIn }: State, clean: boolean): Judgement {
  // Once both close frames crossed the end is clean, whatever happens to TCP after it (RFC 6455 §7.1.4).
  if (clean && cause?.type !== 'protocol-error') return ['clean', closedBy ?? 'network'];
  switch (cause?.type) {
    case undefined:
      // Refused by an answer, or given up by ws; once open, somebody here destroyed the socket below the WebSocket.
      return endedIn === 'opening' ? ['upgrade-failed', 'peer'] : ['local-abort', 'local'];
    case 'local-abort':
      return ['local-abort', 'local'];
    case 'timed-out':
      return ['timed-out', 'network'];
    case 'slow-consumer':
      return ['slow-consumer', 'peer'];
    case 'fin':
      return ['closed-without-handshake', cause.by];
    case 'close-timeout':
      // This side stopped waiting, since the peer did not do its part.
      return ['close-timeout', 'peer'];
    case 'protocol-error':
      return ['protocol-error', 'peer'];
    case 'unseen':
      return [endedIn === 'opening' ? 'upgrade-failed' : 'unknown', 'network'];
    case 'error':
      return endedIn === 'opening' ? judgeOpening(cause) : judgeError(cause);
  }
}

function judgeOpening(cause: SocketError): Judgement {
  const { code, syscall } = cause.error;
  if (cause.fault === 'certificate') return ['tls-failed', 'local'];
  const isNameLookup = syscall === 'getaddrinfo' || syscall?.startsWith('query') === true;
  if (isNameLookup || cause.fault === 'broken-off' || LOCAL_OPENING.has(code)) return ['upgrade-failed', 'local'];
  const tls = judgeTls(code);
  if (tls) return tls;
  const lost = LOST[code];
  if (lost?.[0] === 'timed-out' || lost?.[0] === 'unreachable') return lost;
  return ['upgrade-failed', isMadeHere(cause) ? 'local' : 'peer'];
}

function judgeError(cause: SocketError): Judgement {
  const { error, ended, keepAlive } = cause;
  const { code, syscall } = error;
  // The caller went past the WebSocket to its socket: resetAndDestroy() while FIN is pending, end() before a close frame.
  if (syscall === 'reset' || code.startsWith('ERR_STREAM_')) return ['local-abort', 'local'];
  if (code.startsWith('WS_ERR_')) return ['protocol-error', 'peer'];
  const tls = judgeTls(code);
  if (tls) return tls;
  if (code.startsWith('ERR_HTTP2_')) return ['reset', 'peer'];
  // Out of buffers: this machine's own.
  if (code === 'ENOBUFS') return ['unknown', 'local'];
  // Windows reports a failed keep-alive as 10052, for which libuv has no name.
  const lost = isUnnamed(cause) && keepAlive ? LOST.ETIMEDOUT : LOST[code];
  // A write after our own FIN is this side's doing.
  if (code === 'EPIPE' && ended) return ['closed-without-handshake', 'local'];
  if (lost) return lost;
  // socket.destroy(error), an AbortSignal.
  return isMadeHere(cause) ? ['local-abort', 'local'] : ['unknown', 'network'];
}

/** An alert is the peer's refusal; a certificate is refused by the side that reads it. */
function judgeTls(code: string): Judgement | null {
  if (CERTIFICATE.has(code)) return ['tls-failed', 'local'];
  return code === 'EPROTO' || /^ERR_(SSL|TLS)_/.test(code) ? ['tls-failed', 'peer'] : null;
}

/** libuv's error without a name. */
function isUnnamed({ error }: SocketError): boolean {
  return error.code === 'UNKNOWN' && error.syscall !== undefined;
}

/** The system's errors have a number or a call, HTTP's a code of their own. Any other was given to a socket by the application. */
function isMadeHere({ error, isSocket }: SocketError): boolean {
  const { code, errno, syscall } = error;
  const isNetwork = Object.hasOwn(LOST, code) || code === 'ECONNREFUSED' || code.startsWith('HPE_');
  return isSocket && errno === undefined && syscall === undefined && !isNetwork;
}

/** Whether a connection that timed out did so by keep-alive, which asks only where nothing is on its way to the peer. */
function keepAliveOf({ cause, wait }: State, idleMs: number | null): ClosePolicy | null {
  if (cause?.type !== 'error' || !cause.keepAlive || (wait && wait.queued > 0)) return null;
  if (isUnnamed(cause)) return 'keep-alive';
  const isIdle = idleMs !== null && idleMs >= MIN_KEEP_ALIVE_MS && idleMs < RETRANSMISSION_MS;
  return cause.error.code === 'ETIMEDOUT' && isIdle ? 'keep-alive' : null;
}

/** libuv codes that stand for one Winsock code only. 10054 and 64 both become ECONNRESET; the everyday one is named. */
const WSA_CODES: Readonly<Record<string, number>> = {
  ECONNRESET: 10054,
  ECONNABORTED: 10053,
  EPIPE: 10058,
  ETIMEDOUT: 10060,
  ECONNREFUSED: 10061,
  ENETUNREACH: 10051,
  EHOSTUNREACH: 10065,
  ENOBUFS: 10055,
};

/** The parts of an error that say why a connection was lost. */
export function closeErrorOf(error: NodeJS.ErrnoException): CloseError {
  const code = typeof error.code === 'string' ? error.code : 'UNKNOWN';
  const message = typeof error.message === 'string' ? error.message : '';
  const { errno, syscall } = error;
  const closeError: CloseError = { code, message, errno, syscall };
  const wsaCode = process.platform === 'win32' ? WSA_CODES[code] : undefined;
  if (wsaCode !== undefined) closeError.wsaCode = wsaCode;
  return closeError;
}

/** An error in Node's shape, for what was seen in another way than by a failed call. */
export function systemError(code: string, syscall?: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code, syscall });
}
