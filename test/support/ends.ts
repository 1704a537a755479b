/**
 * Every combination of kind, origin, phase and `by` that a CloseInfo can have, with its sentence: all ways through the state machine of
 * lifecycle.ts, judged by classify.ts. `scripts/ends.js` makes docs/ends.md of it.
 */
import type { CloseFrame, CloseInfo, CloseKind, CloseOrigin, ClosePhase, ClosePolicy } from '../../dist/close-info.js';
import { closeSentence } from '../../dist/close-sentence.js';
import { type Circumstances, classify } from '../../dist/connection/classify.js';
import {
  GIVEN_UP,
  type GiveUpPolicy,
  initial,
  type Limits,
  type Observation,
  type SocketError,
  type State,
  step,
} from '../../dist/connection/lifecycle.js';

export interface End {
  kind: CloseKind;
  origin: CloseOrigin;
  phase: ClosePhase;
  by: ClosePolicy | null;
  expected: boolean;
  /** Without the details in parentheses. */
  sentence: string;
}

interface Seen {
  code: string;
  syscall?: string;
}

function error({ code, syscall }: Seen, more: Partial<SocketError> = {}): SocketError {
  const closeError = { code, message: '', errno: syscall ? -1 : undefined, syscall };
  return { type: 'error', error: closeError, ended: false, keepAlive: false, isSocket: true, ...more };
}

/** One error for each way in which classify.ts judges the request of an opening handshake. */
const OPENING_ERRORS = [
  error({ code: 'ECONNREFUSED', syscall: 'connect' }),
  error({ code: 'ENOTFOUND', syscall: 'getaddrinfo' }),
  error({ code: 'ETIMEDOUT', syscall: 'connect' }),
  error({ code: 'EHOSTUNREACH', syscall: 'connect' }),
  error({ code: 'EPROTO', syscall: 'write' }),
  error({ code: 'CERT_HAS_EXPIRED' }, { fault: 'certificate' }),
];

/** And one for each way in which it judges the socket of an open connection. */
const OPEN_ERRORS = [
  error({ code: 'ECONNRESET', syscall: 'read' }),
  error({ code: 'ECONNABORTED', syscall: 'write' }),
  error({ code: 'EPIPE', syscall: 'write' }),
  error({ code: 'EPIPE', syscall: 'write' }, { ended: true }),
  error({ code: 'ETIMEDOUT', syscall: 'read' }),
  error({ code: 'ETIMEDOUT', syscall: 'read' }, { keepAlive: true }),
  error({ code: 'ENETUNREACH', syscall: 'read' }),
  error({ code: 'EPROTO', syscall: 'read' }),
  error({ code: 'ENOBUFS', syscall: 'write' }),
  error({ code: 'UNKNOWN', syscall: 'read' }),
  error({ code: 'ABORT_ERR' }),
];

const LIMITS: Limits = { closeTimeout: 2_000, closeDeadline: 30_000, onTimeout: 'auto' };
/** Where the tick of each limit comes. */
const AFTER_LIMIT = { closeTimeout: 2_001, closeDeadline: 60_000 };

const ENDING: Observation[] = [{ type: 'abort' }, { type: 'destroy' }, { type: 'closed' }];
const WHILE_OPENING: Observation[] = [{ type: 'open' }, ...OPENING_ERRORS, ...ENDING];
const ONCE_OPEN: Observation[] = [
  ...(['drain', 'max-age', null] as const).map((policy) => ({ type: 'close' as const, by: 'local' as const, policy })),
  { type: 'close', by: 'peer' },
  { type: 'fin', by: 'local' },
  { type: 'fin', by: 'peer' },
  ...OPEN_ERRORS,
  {
    type: 'protocol-error',
    error: { code: 'WS_ERR_INVALID_OPCODE', message: '', errno: undefined, syscall: undefined },
  },
  ...(Object.keys(GIVEN_UP) as GiveUpPolicy[]).map((policy) => ({ type: 'give-up' as const, policy })),
  { type: 'destroy', policy: 'auto-pong-limit' },
  { type: 'both-close-frames' },
  { type: 'tick' },
  ...ENDING,
];

function observationsOf(state: State): Observation[] {
  if (state.phase === 'closed') return [];
  return state.phase === 'opening' ? WHILE_OPENING : ONCE_OPEN.filter((seen) => canBeSeen(seen, state));
}

function canBeSeen(seen: Observation, { phase, cause, closedBy, bothCloseFrames }: State): boolean {
  // Both frames cross after one of them was seen, or before attach().
  if (seen.type === 'both-close-frames') return closedBy !== null || phase === 'open';
  // ws reads no ping after a broken frame or a close frame.
  const isRead = phase !== 'cut' && closedBy !== 'peer' && !bothCloseFrames && cause?.type !== 'protocol-error';
  if (seen.type === 'destroy' && seen.policy) return isRead;
  // Rules look at connections that are whole.
  return cause === null || !(seen.type === 'give-up' || (seen.type === 'close' && seen.policy));
}

/** Equal for states that end alike. */
function keyOf({ phase, cause, endedIn, closedBy, bothCloseFrames, by }: State): string {
  return JSON.stringify([phase, cause, endedIn, closedBy, bothCloseFrames, by]);
}

/** Each state in which a connection can be over. */
function closedStates(): State[] {
  const known = new Map<string, State>([[keyOf(initial), initial]]);
  for (const state of known.values()) {
    for (const seen of observationsOf(state)) {
      for (const at of seen.type === 'tick' ? Object.values(AFTER_LIMIT) : [0]) {
        const [next] = step(state, seen, { at, progress: 0, queued: 0 }, LIMITS);
        if (!known.has(keyOf(next))) known.set(keyOf(next), next);
      }
    }
  }
  return [...known.values()].filter(({ phase }) => phase === 'closed');
}

/** WebSockets that had ended, or whose opening had failed, before attach(). */
const UNSEEN: State[] = [
  { ...initial, cause: { type: 'unseen' } },
  ...[true, false].map(
    (bothCloseFrames): State => ({
      ...{ ...initial, phase: 'closed', endedIn: 'fin', cause: { type: 'unseen' } },
      bothCloseFrames,
    }),
  ),
];

function circumstancesOf({ cause }: State): Circumstances[] {
  const isCut = cause?.type === 'local-abort' || cause?.type === 'close-timeout';
  const asksIdle = cause?.type === 'error' && cause.keepAlive;
  return [
    { idleMs: null, forced: null },
    ...(isCut ? [{ idleMs: null, forced: 'reset' as const }] : []),
    ...(asksIdle ? [{ idleMs: 45_000, forced: null }] : []),
  ];
}

type Frames = Pick<CloseInfo, 'sent' | 'received'>;
const frame = (first: boolean | null): CloseFrame => ({ code: 1005, reason: '', first });

/** The close frames that there may be. The peer's may have been read after the loss; this side's may not have left. */
function framesOf({ closedBy, bothCloseFrames, endedIn }: State): Frames[] {
  const none = { sent: null, received: null };
  if (endedIn === 'opening') return [none];
  if (bothCloseFrames) {
    const [sent, received] =
      closedBy === null ? [null, frame(null)] : [frame(closedBy === 'local'), frame(closedBy === 'peer')];
    return [{ sent, received }];
  }
  if (closedBy === 'local') return [none, { sent: frame(true), received: null }];
  return closedBy === 'peer' ? [{ sent: null, received: frame(true) }] : [none, { sent: null, received: frame(true) }];
}

/** The rules that the record names: where none began the end, `drain` if the server was drained meanwhile. Clients have no drain. */
function policiesOf(state: State, by: ClosePolicy | null): (ClosePolicy | null)[] {
  return by !== null || state.endedIn === 'opening' || state.cause?.type === 'unseen' ? [by] : [null, 'drain'];
}

/** What the sentence does not depend on, or has in its parentheses. */
const BARE: Omit<CloseInfo, 'kind' | 'origin' | 'phase' | 'clean' | 'by' | keyof Frames> = {
  code: 1006,
  reason: '',
  forced: null,
  expected: true,
  error: null,
  delivered: null,
  control: null,
  bytesReceived: 0,
  bytesSent: 0,
  bytesUnsent: 0,
  openMs: 0,
  idleMs: null,
  elapsedMs: 0,
};

function endsOf(state: State): End[] {
  return circumstancesOf(state).flatMap((circumstances) => {
    const { kind, origin, expected, clean, by: begunBy } = classify(state, circumstances);
    const phase = state.endedIn;
    return framesOf(state).flatMap((frames) =>
      policiesOf(state, begunBy).map((by) => {
        const info = { ...BARE, kind, origin, phase, clean, by, ...frames };
        const sentence = closeSentence(info).split(' (')[0] as string;
        return { kind, origin, phase, by, expected, sentence };
      }),
    );
  });
}

/** Each combination once. */
export function allEnds(): End[] {
  const ends = [...closedStates(), ...UNSEEN].flatMap(endsOf);
  return [...new Map(ends.map((end) => [JSON.stringify(end), end])).values()];
}

/** A sentence with all that can be in its parentheses. */
export function fullSentence(): string {
  return closeSentence({
    ...BARE,
    kind: 'reset',
    origin: 'peer',
    phase: 'handshake',
    clean: false,
    by: 'drain',
    sent: null,
    received: { code: 4000, reason: 'a reason', first: false },
    error: { code: 'ECONNRESET', message: '', errno: -104, syscall: 'read' },
    openMs: 61_240,
    idleMs: 4_020,
    delivered: false,
    bytesUnsent: 512,
  });
}
