/** Judges how a connection ended from what was seen of it. Pure. */
import type { CloseError, CloseKind, CloseOrigin, ClosePhase } from '../close-info';
import type { SocketError, State } from './lifecycle';

export interface Verdict {
  kind: CloseKind;
  origin: CloseOrigin;
  expected: boolean;
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
  // Out of ports or buffers: the one error of this table that is this machine's own.
  ENOBUFS: ['unknown', 'local'],
};

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

export function classify(state: State): Verdict {
  const [kind, origin] = judge(state);
  // A client's caller is told of a failed opening by ws's 'error' event.
  return { kind, origin, expected: EXPECTED.has(kind) || state.endedIn === 'opening' };
}

function judge({ cause, closedBy, bothCloseFrames, endedIn }: State): Judgement {
  // Once both close frames crossed the end is clean, whatever happens to TCP after it (RFC 6455 §7.1.4).
  if (bothCloseFrames && cause?.type !== 'protocol-error') return ['clean', closedBy ?? 'peer'];
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
    case 'error':
      return judgeError(cause, endedIn);
  }
}

function judgeError({ error, ended, keepAlive }: SocketError, phase: ClosePhase): Judgement {
  const { code, syscall } = error;
  // The caller went past the WebSocket to its socket: resetAndDestroy() while FIN is pending, end() before a close frame.
  if (syscall === 'reset' || code.startsWith('ERR_STREAM_')) return ['local-abort', 'local'];
  if (code.startsWith('WS_ERR_')) return ['protocol-error', 'peer'];
  if (code === 'EPROTO' || /^ERR_(SSL|TLS)_|CERT/.test(code)) return ['tls-failed', 'peer'];
  // Windows reports a failed keep-alive as 10052, for which libuv has no name.
  const lost = code === 'UNKNOWN' && keepAlive ? LOST.ETIMEDOUT : LOST[code];
  if (phase === 'opening') {
    return lost?.[0] === 'timed-out' || lost?.[0] === 'unreachable' ? lost : ['upgrade-failed', 'peer'];
  }
  // A write after our own FIN is this side's doing.
  if (code === 'EPIPE' && ended) return ['closed-without-handshake', 'local'];
  return lost ?? ['unknown', 'network'];
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
  const wsaCode = process.platform === 'win32' ? WSA_CODES[code] : undefined;
  return { code, errno: error.errno, syscall: error.syscall, ...(wsaCode !== undefined && { wsaCode }) };
}

/** An error in Node's shape, for what was seen in another way than by a failed call. */
export function systemError(code: string, syscall?: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code, syscall });
}
