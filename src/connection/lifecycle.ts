/**
 * How a WebSocket ends, as a pure function of (state, event).
 *
 *                 close frame sent      both close frames          peer's FIN and ours
 *                 or received           crossed (RFC 6455 §7.1.4)  (RFC 6455 §7.1.1)
 *   opening --> open -----------> handshake ----------------> fin -----------------------> closed
 *      |          |                   |                        |                             ^
 *      |          |  peer's FIN without a close frame          |                             |
 *      |          +---------------------------------------->  fin                            |
 *      |          |                   |                        |   closeTimeout without      |
 *      |          |                   +------------------------+   progress: 'linger'        |
 *      |          |                   |                        |   closeDeadline: FIN or RST |
 *      |          |  abort(), terminate(), a lost connection,  |                             |
 *      |          |  a peer that was given up                  v     socket closed, or       |
 *      |          +----------------------------------------> cut --- the watchdog -----------+
 *      |  failed or closed before 'open'                                                     |
 *      +-------------------------------------------------------------------------------------+
 *
 * ws carries out the closing handshake itself. This machine watches it, limits it, and remembers the first cause. With
 * 'linger' the WebSocket is closed at once, while its socket goes on delivering: lingering.ts.
 */
import type { CloseError, ClosePhase, ClosePolicy, Phase } from '../close-info';
import type { OnTimeout } from '../options';
import type { TransportLook } from '../socket-control/contract';

/** What ended a connection, as seen, not yet judged. */
export type Cause =
  | { type: 'fin'; by: 'local' | 'peer' }
  | SocketError
  | ProtocolError
  | { type: 'close-timeout' }
  | { type: 'timed-out' }
  | { type: 'slow-consumer' }
  | { type: 'local-abort' }
  /** It had ended before anybody looked. */
  | { type: 'unseen' };

/** A socket's error, with what must be known of the socket to judge it. */
export interface SocketError {
  type: 'error';
  error: CloseError;
  /** This side had sent its FIN, or was about to. */
  ended: boolean;
  /** TCP keep-alive was on. Asked only of errors that it can bring about. */
  keepAlive: boolean;
  /** The stream is a socket of the system's, whose errors are known. */
  isSocket: boolean;
  /** What the request of an opening handshake says of its error. */
  fault?: OpeningFault;
}

/** This side has refused the peer's certificate, or has broken the handshake off. */
export type OpeningFault = 'certificate' | 'broken-off' | null;

export interface Limits {
  /** Milliseconds without progress after which the application is told of the end. */
  closeTimeout: number;
  /** Milliseconds after which the socket is gone, whatever waits. */
  closeDeadline: number;
  onTimeout: OnTimeout;
}

export interface State {
  readonly phase: Phase;
  /** What ended the connection, the first such event. A close() alone is none: what comes of it is still open. */
  readonly cause: Cause | null;
  /** The phase in which the end began. */
  readonly endedIn: ClosePhase;
  /** Who began the closing handshake. */
  readonly closedBy: 'local' | 'peer' | null;
  /** When the first sign of the end was seen. */
  readonly endingSince: number | null;
  readonly bothCloseFrames: boolean;
  /** The rule by which this side ended it. */
  readonly by: ClosePolicy | null;
  /** Since it began to close; null before that. */
  readonly wait: Wait | null;
}

/** How long a connection that is being closed is waited for. */
export interface Wait {
  /** When the socket has to be gone. */
  readonly deadlineAt: number;
  /** The last sample, and when one last showed progress. */
  readonly progress: number;
  readonly queued: number;
  readonly progressAt: number;
  /** The last look at the transport since bytes moved. */
  readonly look: TransportLook | null;
}

/** How far a connection has come at a moment. */
export interface Sample {
  /** A monotonic time in ms. */
  at: number;
  /** The sum of bytes read from and accepted by the peer so far. */
  progress: number;
  /** Bytes that wait to be accepted. Fewer than before is progress too: some streams tell no more than this. */
  queued: number;
}

/** A close frame was sent or received. `within` is a limit for this close, in ms, below closeDeadline. */
interface Close {
  type: 'close';
  by: 'local' | 'peer';
  policy?: ClosePolicy | null;
  within?: number | undefined;
}

interface ProtocolError {
  type: 'protocol-error';
  error: CloseError;
}

/** Why a peer is given up. */
export type GiveUpPolicy = 'heartbeat' | 'max-buffered' | 'send-timeout';

/** What each of them found. */
export const GIVEN_UP: Readonly<Record<GiveUpPolicy, Cause>> = {
  heartbeat: { type: 'timed-out' },
  'max-buffered': { type: 'slow-consumer' },
  'send-timeout': { type: 'slow-consumer' },
};

/** What is seen of a connection and of its end. */
export type Observation =
  /** The opening handshake is done. */
  | { type: 'open' }
  | Close
  | { type: 'both-close-frames' }
  /** The peer's FIN came, in answer to one of ours (`local`) or not. */
  | { type: 'fin'; by: 'local' | 'peer' }
  /** ws destroys the socket on any error, so this is the last observation but one. */
  | SocketError
  | ProtocolError
  /** The heartbeat was not answered, or the peer does not read what is sent to it. */
  | { type: 'give-up'; policy: GiveUpPolicy }
  /** abort() was called. */
  | { type: 'abort' }
  /** terminate() was called, by ws itself where the peer has left too many pongs unread. */
  | { type: 'destroy'; policy?: 'auto-pong-limit' | null }
  | Tick
  /** ws has emitted 'close', or is about to. */
  | { type: 'closed' };

/** The end of the timer that an effect asked for, or one of `limitsOf()`, and what is found then. */
export interface Tick {
  type: 'tick';
  /** Ms by which it comes later than asked for. While this process does not run, it does not count against the peer. */
  lateBy?: number;
  /** The application has paused the WebSocket: nothing is read. */
  paused?: boolean;
  /** The peer is known to be gone, though nothing has been read of it. */
  lost?: boolean;
  /** The socket has closed: only ws's 'close' is waited for. */
  socketClosed?: boolean;
  /** This side is still at work on what it has to send or has received (deflate, Blobs), and ends nothing before that. */
  busy?: boolean;
  /** What the system knows of the transport; null where it does not tell. It lengthens a wait, and decides nothing else. */
  look?: TransportLook | null;
}

export type Effect = 'reset' | 'destroy' | 'linger' | 'resume' | 'emit-close' | { wakeIn: number };

/** How long ws may take to emit 'close' after the end, before it is emitted without ws. */
export const WATCHDOG_MS = 1_000;

/** Progress is checked this often within closeTimeout, so that the end is told late by at most a quarter of it. */
const CHECKS = 4;
/** Right after bytes moved it is checked as if this often: most of what moves does so at once. */
const FIRST_CHECKS = 20;

/** A peer whose receive window has been zero for so long, in ms, does not read. Living readers pause for less. */
export const ZERO_WINDOW_MS = 25_000;

/**
 * Chooses between FIN and RST for a connection that this side ends. RST destroys what is on its way, and is sent only once, so
 * that an outage loses it: it is for a peer that is known to be there and not to read. FIN is retransmitted until the peer has it.
 */
export function howToCut(onTimeout: OnTimeout, zeroWindowMs: number): 'reset' | 'destroy' {
  if (onTimeout !== 'auto') return onTimeout;
  return zeroWindowMs >= ZERO_WINDOW_MS ? 'reset' : 'destroy';
}

const LOCAL_ABORT: Cause = { type: 'local-abort' };

// Not frozen: to copy a frozen object costs V8 five times as much.
export const initial: State = {
  phase: 'opening',
  cause: null,
  endedIn: 'opening',
  closedBy: null,
  endingSince: null,
  bothCloseFrames: false,
  by: null,
  wait: null,
};

/** All open connections share this one object. */
const open: State = { ...initial, phase: 'open' };

/** For an observation that needs none. */
export const NO_SAMPLE: Sample = Object.freeze({ at: 0, progress: 0, queued: 0 });

/** One that is still being made. */
type Next<T> = { -readonly [Key in keyof T]: T[Key] };

/** Written out: to spread an object costs V8 ten times as much. */
function copyOf(state: State): Next<State> {
  return {
    phase: state.phase,
    cause: state.cause,
    endedIn: state.endedIn,
    closedBy: state.closedBy,
    endingSince: state.endingSince,
    bothCloseFrames: state.bothCloseFrames,
    by: state.by,
    wait: state.wait,
  };
}

const NOTHING: Effect[] = [];
/** Only ws's 'close' is waited for. */
export const WATCH: Effect = { wakeIn: WATCHDOG_MS };
const LOST: Effect[] = [WATCH];
const CUT: Record<'reset' | 'destroy' | 'linger', Effect[]> = {
  reset: ['reset', WATCH],
  destroy: ['destroy', WATCH],
  linger: ['linger', WATCH],
};

/** What an observation makes of the state, and what is to be done. */
export function step(state: State, seen: Observation, sample: Sample, limits: Limits): [State, Effect[]] {
  if (state.phase === 'closed') return [state, NOTHING];
  const { at } = sample;
  switch (seen.type) {
    case 'open':
      return [state.phase === 'opening' ? open : state, NOTHING];
    case 'close':
      return close(state, seen, sample, limits);
    case 'both-close-frames':
      return bothCloseFrames(state, sample, limits);
    case 'fin':
      // After both frames FIN is how RFC 6455 §7.1.1 wants it to end; before, it is the cause.
      if (state.phase === 'fin' || state.phase === 'cut') return [state, NOTHING];
      return beginClosing(ending(state, at, 'fin', seen), state, sample, limits);
    case 'error':
      return cut(state, at, seen);
    case 'protocol-error':
      return [ending(state, at, state.phase, seen), NOTHING];
    case 'give-up':
      // A connection that is being closed has its limits already.
      if (state.phase !== 'open') return [state, NOTHING];
      return cut(byPolicy(state, seen.policy), at, GIVEN_UP[seen.policy], howToCut(limits.onTimeout, 0));
    case 'abort':
      return cut(state, at, LOCAL_ABORT, 'reset');
    case 'destroy':
      if (seen.policy) return cut(byPolicy(state, seen.policy), at, { type: 'slow-consumer' }, 'destroy');
      return cut(state, at, LOCAL_ABORT, 'destroy');
    case 'tick':
      return tick(state, seen, sample, limits);
    case 'closed':
      return [ending(state, at, 'closed', null), NOTHING];
  }
}

function byPolicy(state: State, policy: ClosePolicy): State {
  const next = copyOf(state);
  next.by = policy;
  return next;
}

function bothCloseFrames(state: State, sample: Sample, limits: Limits): [State, Effect[]] {
  const isNews = state.phase === 'open' || state.phase === 'handshake';
  const next = isNews ? ending(state, sample.at, 'fin', null) : copyOf(state);
  next.bothCloseFrames = true;
  return isNews ? beginClosing(next, state, sample, limits) : [next, NOTHING];
}

/** The first close begins the handshake; a later one can only bring the deadline nearer. */
function close(state: State, { by, policy = null, within }: Close, sample: Sample, limits: Limits): [State, Effect[]] {
  const { at } = sample;
  const begun = state.phase === 'open' ? beginHandshake(state, by, policy, sample, limits) : null;
  const next = begun ? begun[0] : state;
  const { wait } = next;
  const isLater = within === undefined || wait === null || at + within >= wait.deadlineAt;
  if (isLater || next.phase === 'cut') return begun ?? [state, NOTHING];
  const shortened = copyOf(next);
  shortened.wait = { ...wait, deadlineAt: at + within };
  return [shortened, [{ wakeIn: untilNextCheck(shortened.wait, at, limits) }]];
}

function beginHandshake(
  state: State,
  by: 'local' | 'peer',
  policy: ClosePolicy | null,
  sample: Sample,
  limits: Limits,
): [State, Effect[]] {
  const next = ending(state, sample.at, 'handshake', null);
  next.closedBy = by;
  next.by = policy;
  return beginClosing(next, state, sample, limits);
}

function tick(state: State, seen: Tick, sample: Sample, limits: Limits): [State, Effect[]] {
  if (state.phase === 'cut' || seen.socketClosed) return [state, seen.busy ? LOST : ['emit-close']];
  if ((state.phase !== 'handshake' && state.phase !== 'fin') || state.wait === null) return [state, NOTHING];

  const wait = withSample(state.wait, seen, sample, limits);
  const next = copyOf(state);
  next.wait = wait;
  const { at } = sample;
  const wakeIn = untilNextCheck(wait, at, limits);
  if (seen.paused && at < wait.deadlineAt && (seen.lost || wakeIn <= 0)) {
    // A paused reader never learns of the peer's close frame, FIN or RST: it reads on for one more check.
    const more = limits.closeTimeout / CHECKS;
    wait.progressAt = Math.max(wait.progressAt, at + more - limits.closeTimeout);
    return [next, ['resume', { wakeIn: untilNextCheck(wait, at, limits) }]];
  }
  if (wakeIn > 0) return [next, [{ wakeIn }]];
  return cut(next, at, { type: 'close-timeout' }, at < wait.deadlineAt ? 'linger' : howToCut(limits.onTimeout, 0));
}

/** The wait with what a tick finds. Bytes that the peer's system has acknowledged are progress too, from when that was so. */
function withSample(wait: Wait, seen: Tick, sample: Sample, { closeTimeout }: Limits): Next<Wait> {
  const { at, progress, queued } = sample;
  const { busy, look, lateBy = 0 } = seen;
  const { deadlineAt } = wait;
  if (busy || progress > wait.progress || queued < wait.queued) {
    return { deadlineAt, progress, queued, progressAt: at, look: null };
  }
  const now = look && look.at >= wait.progressAt ? look : null;
  const before = wait.look;
  const acknowledged = now !== null && before !== null && now.unacknowledged < before.unacknowledged;
  // Time in which this process did not run does not count against the peer. A loop that is merely busy has read what had come.
  const missed = lateBy >= closeTimeout / CHECKS ? lateBy : 0;
  const progressAt = acknowledged ? now.at : wait.progressAt + missed;
  return { deadlineAt, progress, queued, progressAt, look: now ?? before };
}

/** Ms until progress is to be checked again; 0 or less when a limit has been reached. */
function untilNextCheck({ progressAt, deadlineAt }: Wait, at: number, { closeTimeout }: Limits): number {
  const pause = Math.max(closeTimeout / FIRST_CHECKS, at - progressAt);
  return Math.min(progressAt + closeTimeout - at, deadlineAt - at, pause, closeTimeout / CHECKS);
}

/** Ms until the first check of a connection that begins to close. */
export function firstCheckIn({ closeTimeout, closeDeadline }: Limits): number {
  return Math.min(closeDeadline, closeTimeout / FIRST_CHECKS);
}

/** When a connection that is closing is ended, unless bytes move before. */
export function limitsOf({ phase, wait }: State, { closeTimeout }: Limits): number[] {
  return wait && phase !== 'cut' && phase !== 'closed' ? [wait.progressAt + closeTimeout, wait.deadlineAt] : [];
}

/** Enters a closing phase. The first one sets the limits; later ones keep them. */
function beginClosing(next: Next<State>, from: State, sample: Sample, limits: Limits): [State, Effect[]] {
  if (isClosing(from)) return [next, NOTHING];
  const { at, progress, queued } = sample;
  next.wait = { deadlineAt: at + limits.closeDeadline, progress, queued, progressAt: at, look: null };
  return [next, [{ wakeIn: untilNextCheck(next.wait, at, limits) }]];
}

/** Ends the connection from this side: only ws's 'close' is waited for now, and not for long. Without `how` ws has destroyed the socket. */
function cut(state: State, at: number, cause: Cause | null, how?: 'reset' | 'destroy' | 'linger'): [State, Effect[]] {
  if (state.phase === 'cut') return [state, NOTHING];
  // There is no connection yet to cut: ws gives up the opening handshake by itself.
  if (state.phase === 'opening') return [ending(state, at, 'opening', cause), NOTHING];
  return [ending(state, at, 'cut', cause), how ? CUT[how] : LOST];
}

/**
 * The state in `phase`, with one more thing known of the end. The first such thing starts the clock; the first cause wins, and
 * keeps the phase in which it was met, unless both close frames had crossed by then.
 */
function ending(state: State, at: number, phase: Phase, cause: Cause | null): Next<State> {
  const isCause = cause !== null && state.cause === null && !(state.bothCloseFrames && cause.type !== 'protocol-error');
  const next = copyOf(state);
  if (state.endingSince === null || isCause) next.endedIn = asClosePhase(state.phase);
  next.phase = phase;
  next.cause ??= cause;
  next.endingSince ??= at;
  return next;
}

function isClosing(state: State): boolean {
  return state.phase === 'handshake' || state.phase === 'fin' || state.phase === 'cut';
}

function asClosePhase(phase: Phase): ClosePhase {
  return phase === 'cut' || phase === 'closed' ? 'fin' : phase;
}
