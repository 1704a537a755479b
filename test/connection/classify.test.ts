// The table of all kinds: each state of a connection at its end, and its kind and origin. A change here changes the
// public API.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classify } from '../../dist/connection/classify.js';
import { type Cause, initial, type State } from '../../dist/connection/lifecycle.js';

const error = (code: string, more: { syscall?: string; ended?: boolean; keepAlive?: boolean } = {}): Cause => ({
  type: 'error',
  error: { code, message: '', errno: -1, syscall: more.syscall ?? 'read' },
  ended: more.ended ?? false,
  keepAlive: more.keepAlive ?? false,
  isSocket: true,
});

/** An error that no system call made. */
const plainError = (code: string, isSocket = true): Cause => ({
  type: 'error',
  error: { code, message: 'quota', errno: undefined, syscall: undefined },
  ended: false,
  keepAlive: false,
  isSocket,
});

type Row = [seen: string, state: Partial<State>, kind: string, origin: string, expected: boolean];

const open = { phase: 'open', endedIn: 'open' } as const;
const opening = { phase: 'opening', endedIn: 'opening' } as const;
const crossed = { phase: 'fin', endedIn: 'handshake', bothCloseFrames: true } as const;

const TABLE: Row[] = [
  ['both close frames, this side first', { ...crossed, closedBy: 'local' }, 'clean', 'local', true],
  ['both close frames, the peer first', { ...crossed, closedBy: 'peer' }, 'clean', 'peer', true],
  ['RST after both close frames', { ...crossed, closedBy: 'peer', cause: error('ECONNRESET') }, 'clean', 'peer', true],
  [
    'terminate() after both close frames',
    { ...crossed, closedBy: 'local', cause: { type: 'local-abort' } },
    'clean',
    'local',
    true,
  ],
  ['read ECONNRESET', { ...open, cause: error('ECONNRESET') }, 'reset', 'peer', true],
  ['write ECONNRESET', { ...open, cause: error('ECONNRESET', { syscall: 'write' }) }, 'reset', 'peer', true],
  ['FIN of the peer', { ...open, cause: { type: 'fin', by: 'peer' } }, 'closed-without-handshake', 'peer', true],
  [
    'FIN of both, this side first',
    { ...open, cause: { type: 'fin', by: 'local' } },
    'closed-without-handshake',
    'local',
    true,
  ],
  ['write ECONNABORTED', { ...open, cause: error('ECONNABORTED') }, 'aborted', 'network', true],
  ['write ECANCELED', { ...open, cause: error('ECANCELED') }, 'aborted', 'network', true],
  ['write EPIPE', { ...open, cause: error('EPIPE') }, 'closed-without-handshake', 'peer', true],
  [
    "EPIPE for the answer to the peer's close frame",
    { phase: 'cut', endedIn: 'handshake', closedBy: 'peer', cause: error('EPIPE', { syscall: 'write' }) },
    'closed-without-handshake',
    'peer',
    true,
  ],
  [
    'EPIPE after the FIN of this side',
    { ...open, cause: error('EPIPE', { ended: true }) },
    'closed-without-handshake',
    'local',
    true,
  ],
  ['write EOF, on a Windows pipe', { ...open, cause: error('EOF') }, 'closed-without-handshake', 'peer', true],
  ['read ETIMEDOUT', { ...open, cause: error('ETIMEDOUT') }, 'timed-out', 'network', true],
  ['UNKNOWN, keep-alive on', { ...open, cause: error('UNKNOWN', { keepAlive: true }) }, 'timed-out', 'network', true],
  ['UNKNOWN, keep-alive off', { ...open, cause: error('UNKNOWN') }, 'unknown', 'network', false],
  ['ENETUNREACH', { ...open, cause: error('ENETUNREACH') }, 'unreachable', 'network', true],
  ['EHOSTUNREACH', { ...open, cause: error('EHOSTUNREACH') }, 'unreachable', 'network', true],
  ['ENETDOWN', { ...open, cause: error('ENETDOWN') }, 'unreachable', 'network', true],
  ['EHOSTDOWN', { ...open, cause: error('EHOSTDOWN') }, 'unreachable', 'network', true],
  ['ENOBUFS', { ...open, cause: error('ENOBUFS') }, 'unknown', 'local', false],
  [
    'an invalid frame',
    { ...open, cause: { ...error('WS_ERR_INVALID_OPCODE'), type: 'protocol-error' } as Cause },
    'protocol-error',
    'peer',
    false,
  ],
  ['no progress while closing', { ...open, cause: { type: 'close-timeout' } }, 'close-timeout', 'peer', true],
  ['no answer to a ping', { ...open, cause: { type: 'timed-out' } }, 'timed-out', 'network', true],
  ['a peer that does not read', { ...open, cause: { type: 'slow-consumer' } }, 'slow-consumer', 'peer', false],
  ['abort()', { ...open, cause: { type: 'local-abort' } }, 'local-abort', 'local', true],
  ['the socket destroyed by this process', open, 'local-abort', 'local', true],
  ['reset EINVAL', { ...open, cause: error('EINVAL', { syscall: 'reset' }) }, 'local-abort', 'local', true],
  ['a write after end()', { ...open, cause: error('ERR_STREAM_WRITE_AFTER_END') }, 'local-abort', 'local', true],
  [
    'a broken TLS record on an open connection',
    { ...open, cause: error('ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC') },
    'tls-failed',
    'peer',
    false,
  ],
  [
    'opening: refused',
    { ...opening, cause: error('ECONNREFUSED', { syscall: 'connect' }) },
    'upgrade-failed',
    'peer',
    true,
  ],
  ['opening: reset', { ...opening, cause: error('ECONNRESET') }, 'upgrade-failed', 'peer', true],
  ['opening: answered by 401', opening, 'upgrade-failed', 'peer', true],
  ['opening: timed out', { ...opening, cause: error('ETIMEDOUT') }, 'timed-out', 'network', true],
  ['opening: no route', { ...opening, cause: error('ENETUNREACH') }, 'unreachable', 'network', true],
  ['destroy(new Error())', { ...open, cause: plainError('UNKNOWN') }, 'local-abort', 'local', true],
  ['destroy() with a code of its own', { ...open, cause: plainError('QUOTA') }, 'local-abort', 'local', true],
  ['an AbortSignal', { ...open, cause: plainError('ABORT_ERR') }, 'local-abort', 'local', true],
  [
    'an error of a stream that is no socket',
    { ...open, cause: plainError('UNKNOWN', false) },
    'unknown',
    'network',
    false,
  ],
  [
    'an HTTP/2 stream that is reset',
    { ...open, cause: plainError('ERR_HTTP2_STREAM_ERROR', false) },
    'reset',
    'peer',
    true,
  ],
  ['ECONNRESET without a call', { ...open, cause: plainError('ECONNRESET') }, 'reset', 'peer', true],
  [
    "RST of this side over its answer to the peer's close frame",
    { ...crossed, closedBy: 'peer', cause: { type: 'local-abort' } },
    'local-abort',
    'local',
    true,
  ],
  [
    'RST of this side after the peer has answered',
    { ...crossed, closedBy: 'local', cause: { type: 'local-abort' } },
    'clean',
    'local',
    true,
  ],
  [
    'opening: refused at each address',
    { ...opening, cause: plainError('ECONNREFUSED') },
    'upgrade-failed',
    'peer',
    true,
  ],
  [
    'opening: no such name',
    { ...opening, cause: error('ENOTFOUND', { syscall: 'getaddrinfo' }) },
    'upgrade-failed',
    'local',
    true,
  ],
  [
    'opening: no answer of DNS',
    { ...opening, cause: error('EAI_AGAIN', { syscall: 'getaddrinfo' }) },
    'upgrade-failed',
    'local',
    true,
  ],
  ...['EADDRNOTAVAIL', 'EMFILE', 'ENOBUFS', 'EACCES'].map(
    (code): Row => [
      `opening: ${code}`,
      { ...opening, cause: error(code, { syscall: 'connect' }) },
      'upgrade-failed',
      'local',
      true,
    ],
  ),
  ['opening: an AbortSignal', { ...opening, cause: plainError('ABORT_ERR') }, 'upgrade-failed', 'local', true],
  [
    "opening: the application's lookup or agent fails",
    { ...opening, cause: plainError('UNKNOWN') },
    'upgrade-failed',
    'local',
    true,
  ],
  [
    'opening: the peer speaks no HTTP',
    { ...opening, cause: plainError('HPE_INVALID_CONSTANT') },
    'upgrade-failed',
    'peer',
    true,
  ],
  ...[
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'INVALID_CA',
  ].map(
    (code): Row => [
      `opening: certificate refused here, ${code}`,
      { ...opening, cause: plainError(code) },
      'tls-failed',
      'local',
      true,
    ],
  ),
  [
    'opening: certificate refused by the peer',
    { ...opening, cause: plainError('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA') },
    'tls-failed',
    'peer',
    true,
  ],
  ['opening: the server does not speak TLS', { ...opening, cause: error('EPROTO') }, 'tls-failed', 'peer', true],
  ['opening: closed by this side', { ...opening, cause: { type: 'local-abort' } }, 'local-abort', 'local', true],
  ['an unknown error', { ...open, cause: error('EWHATEVER') }, 'unknown', 'network', false],
];

describe('classify()', () => {
  for (const [seen, state, kind, origin, expected] of TABLE) {
    it(`${seen}: ${kind} / ${origin}${expected ? '' : ', unexpected'}`, () => {
      const forced = seen.startsWith('RST of this side') ? 'reset' : null;
      const { by: _, clean: __, ...verdict } = classify({ ...initial, ...state }, { idleMs: null, forced });
      assert.deepEqual(verdict, { kind, origin, expected });
    });
  }
});
