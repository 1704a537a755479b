/**
 * How a connection ends, as a pure function of (state, event).
 *
 *                 close frame sent      both close frames          peer's FIN and ours
 *                 or received           crossed (RFC 6455 §7.1.4)  (RFC 6455 §7.1.1)
 *   opening --> open -----------> handshake ----------------> fin -----------------------> closed
 *      |          |                   |                        |                             ^
 *      |          |  peer's FIN without a close frame          |                             |
 *      |          +---------------------------------------->  fin                            |
 *      |          |                   |                        |   no progress for           |
 *      |          |  abort()          |                        |   closeTimeout, or          |
 *      |          +-------------------+------------------------+   closeDeadline             |
 *      |                                                       |                             |
 *      |                                                       v     socket closed, or       |
 *      |                                                     reset --- the watchdog ---------+
 *      |  failed or closed before 'open'                                                     |
 *      +-------------------------------------------------------------------------------------+
 *
 * ws carries out the closing handshake itself. This machine watches it, limits it, and remembers the first cause.
 */
import type { CloseError, ClosePhase } from './close-info';
import type { Outstanding } from './socket-control/contract';

export type Phase = ClosePhase | 'reset' | 'closed';

/** What ended a connection, as seen, not yet judged. */
export type Cause =
  | { type: 'fin'; by: 'local' | 'peer' }
  | SocketError
  | { type: 'protocol-error'; error: CloseError }
  | { type: 'close-timeout' }
  | { type: 'timed-out' }
  | { type: 'slow-consumer' }
  | { type: 'local-abort' };

/** A socket's error, with what must be known of the socket to judge it. */
export interface SocketError {
  type: 'error';
  error: CloseError;
  /** This side had sent its FIN, or was about to. */
  ended: boolean;
  /** TCP keep-alive was on. Asked only where the error has no name. */
  keepAlive: boolean;
}

export interface Limits {
  /** Milliseconds without progress after which a close gives up. */
  closeTimeout: number;
  /** Milliseconds after which a close gives up in all cases. */
  closeDeadline: number;
  /** What giving up does. */
  onTimeout: 'reset' | 'destroy';
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
  /** When the close gives up in all cases. */
  readonly deadlineAt: number;
  readonly bothCloseFrames: boolean;
  /** The last look, and when one last showed progress. */
  readonly progress: number;
  readonly queued: number;
  readonly progressAt: number;
  /** Unacknowledged bytes when they were last looked at. */
  readonly outstanding: Outstanding | null;
  /** In this close the peer was seen to take bytes, though perhaps slowly. */
  readonly peerTakes: boolean;
  /** terminate() was called, and all that is still asked is whether the peer reads. */
  readonly terminating: boolean;
}

/** What the connection looks like when an event comes. */
export interface Look {
  /** A monotonic time in ms. */
  at: number;
  /** The sum of bytes read from and accepted by the peer so far. */
  progress: number;
  /** Bytes that wait to be accepted. Fewer than before is progress too: some streams tell no more than this. */
  queued: number;
}

export type Event = { type: 'open' } | (Look & Sign);

/** What is seen of a connection's end; one that is merely open is not looked at. */
export type Sign =
  /** A close frame was sent or received. `within` is a limit for this close, in ms, below closeDeadline. */
  | { type: 'close'; by: 'local' | 'peer'; within?: number | undefined }
  | { type: 'both-close-frames' }
  /** The peer's FIN came, in answer to one of ours (`local`) or not. */
  | { type: 'fin'; by: 'local' | 'peer' }
  /** ws destroys the socket on any error, so this is the last but one event. */
  | SocketError
  | { type: 'protocol-error'; error: CloseError }
  /** The heartbeat was not answered, or the peer does not read what is sent to it. */
  | { type: 'give-up'; why: 'timed-out' | 'slow-consumer' }
  /** abort() */
  | { type: 'abort' }
  /** terminate() where nothing waits to be sent, or where it is to do as ws does. */
  | { type: 'destroy' }
  /** terminate() while bytes wait to be sent. */
  | { type: 'terminate' }
  | Tick
  | { type: 'closed' };

/** A timer that this machine asked for, and what a look at the connection shows. */
export interface Tick {
  type: 'tick';
  /** Ms by which it comes later than asked for. While this process does not run, it does not count against the peer. */
  lateBy?: number;
  /** Nothing is read here at present. */
  paused?: boolean;
  /** The peer is known to be gone, though nothing has been read of it. */
  lost?: boolean;
  /** This side is still at work on what it will send (deflate), and the transport waits for it. */
  busy?: boolean;
  /** Bytes that the peer's system has not acknowledged, where this system tells; perhaps from an earlier look. */
  outstanding?: Outstanding | undefined;
  /** Nobody can tell whether bytes are on their way that the peer's application would still get. */
  inFlight?: boolean;
}

export type Effect = 'reset' | 'destroy' | 'resume' | 'emit-close' | { wakeIn: number };

/** How long the socket may take to report 'close' after it was cut, before 'close' is emitted without it. */
export const WATCHDOG_MS = 1_000;

/** How long terminate() looks whether the peer reads; longer where looking takes the system so long that it is done seldom. */
const TERMINATE_MS = 500;
const TERMINATE_LIMIT_MS = 2_500;
/** How soon it looks, and how often at the longest, in ms: thousands that are terminated together must leave time for others. */
const SHORT_LOOK_MS = 20;
const LONG_LOOK_MS = 100;
/** The system of a peer that has stopped still takes what its buffers have room for; a peer that reads takes more. */
const TAKEN_BYTES = 192 * 1024;

/** Progress is looked at this often within closeTimeout, so giving up is late by at most a quarter of it. */
const LOOKS = 4;

const LOCAL_ABORT: Cause = { type: 'local-abort' };

export const initial: State = Object.freeze({
  phase: 'opening',
  cause: null,
  endedIn: 'opening',
  closedBy: null,
  endingSince: null,
  deadlineAt: Number.POSITIVE_INFINITY,
  bothCloseFrames: false,
  progress: 0,
  queued: 0,
  progressAt: 0,
  outstanding: null,
  peerTakes: false,
  terminating: false,
});

/** One object for all connections that are open, which is most of them. */
const open: State = Object.freeze({ ...initial, phase: 'open' });

export function step(state: State, event: Event, limits: Limits): [State, Effect[]] {
  if (state.phase === 'closed') return [state, []];
  switch (event.type) {
    case 'open':
      return [state.phase === 'opening' ? open : state, []];
    case 'close':
      return close(state, event, limits);
    case 'both-close-frames':
      if (state.phase !== 'open' && state.phase !== 'handshake') return [{ ...state, bothCloseFrames: true }, []];
      return beginClosing({ ...ending(state, event.at, 'fin', null), bothCloseFrames: true }, state, event, limits);
    case 'fin':
      // After both frames FIN is how RFC 6455 §7.1.1 wants it to end; before, it is the cause.
      if (state.phase === 'fin' || state.phase === 'reset') return [state, []];
      return beginClosing(ending(state, event.at, 'fin', { type: 'fin', by: event.by }), state, event, limits);
    case 'error': {
      const { error, ended, keepAlive } = event;
      return cut(state, event.at, { type: 'error', error, ended, keepAlive });
    }
    case 'protocol-error':
      return [ending(state, event.at, state.phase, { type: 'protocol-error', error: event.error }), []];
    case 'give-up':
      // A connection that is being closed has its limits already.
      return state.phase === 'open' ? cut(state, event.at, { type: event.why }, limits.onTimeout) : [state, []];
    case 'abort':
      return cut(state, event.at, LOCAL_ABORT, 'reset');
    case 'destroy':
      return cut(state, event.at, LOCAL_ABORT, 'destroy');
    case 'terminate':
      return terminate(state, event, limits);
    case 'tick':
      return state.terminating ? tickTerminating(state, event, limits) : tick(state, event, limits);
    case 'closed':
      return [ending(state, event.at, 'closed', null), []];
  }
}

/** The first close begins the handshake; a later one can only bring the deadline nearer. */
function close(state: State, event: Event & { type: 'close' }, limits: Limits): [State, Effect[]] {
  const [next, effects] =
    state.phase === 'open'
      ? beginClosing({ ...ending(state, event.at, 'handshake', null), closedBy: event.by }, state, event, limits)
      : [state, []];
  if (!isClosing(next) || event.within === undefined || event.at + event.within >= next.deadlineAt)
    return [next, effects];
  const shortened = { ...next, deadlineAt: event.at + event.within };
  return next.phase === 'reset'
    ? [shortened, []]
    : [shortened, [{ wakeIn: untilNextLook(shortened, event.at, limits) }]];
}

/**
 * ws would deliver what the kernel holds and drop the rest. To a peer that reads, the same happens here; a peer that has
 * stopped gets RST, so that nothing stays in the kernel for it. Which of both it is shows within a moment.
 */
function terminate(state: State, { at, progress, queued }: Look, limits: Limits): [State, Effect[]] {
  if (state.phase === 'reset' || state.terminating) return [state, []];
  if (state.phase === 'opening') return [ending(state, at, 'opening', LOCAL_ABORT), []];
  const deadlineAt = Math.min(state.deadlineAt, at + TERMINATE_LIMIT_MS, at + limits.closeDeadline);
  const looking = { terminating: true, deadlineAt, progress, queued, progressAt: at, outstanding: null };
  return [{ ...ending(state, at, 'fin', LOCAL_ABORT), ...looking }, [{ wakeIn: SHORT_LOOK_MS }]];
}

function tickTerminating(state: State, event: Event & Tick, limits: Limits): [State, Effect[]] {
  const { at } = event;
  if (state.phase === 'reset') return [state, ['emit-close']];
  const outstanding = comparable(state, event);
  const first = state.outstanding ?? outstanding;
  const { bytes = 0, at: lookedAt = 0 } = outstanding ?? {};
  const taken = bytes > 0 && first !== null && first.bytes - bytes >= TAKEN_BYTES;
  if (taken || hasMoved(state, event)) return cut(state, at, null, 'destroy');
  // What nobody has looked at again is not known to stand still.
  const unknown = event.outstanding && (first === null || (bytes > 0 && lookedAt - first.at < TERMINATE_MS / 2));
  const looked = at >= state.progressAt + Math.min(TERMINATE_MS, limits.closeTimeout);
  if (looked && !unknown) return cut(state, at, null, 'reset');
  if (at >= state.deadlineAt) return cut(state, at, null, unknown ? 'destroy' : 'reset');
  const wakeIn = Math.min(Math.max((at - state.progressAt) / 2, SHORT_LOOK_MS), LONG_LOOK_MS);
  return [{ ...state, outstanding: first }, [{ wakeIn }]];
}

function tick(state: State, event: Event & Tick, limits: Limits): [State, Effect[]] {
  if (state.phase === 'reset') return [state, ['emit-close']];
  if (state.phase !== 'handshake' && state.phase !== 'fin') return [state, []];

  const { at, progress, queued, lateBy = 0 } = event;
  const outstanding = comparable(state, event) ?? state.outstanding;
  const acknowledged = (outstanding?.bytes ?? 0) < (state.outstanding?.bytes ?? 0);
  const peerTakes = state.peerTakes || acknowledged || queued < state.queued;
  // What only a look at the system's table shows was so when that was read.
  const movedAt = hasMoved(state, event) || event.busy ? at : acknowledged ? (outstanding?.at ?? at) : null;
  const progressAt = movedAt ?? state.progressAt + lateBy;
  const seen = { ...state, progress, queued, outstanding, peerTakes, progressAt };
  const wakeIn = untilNextLook(seen, at, limits);
  if (event.paused && at < seen.deadlineAt && (event.lost || wakeIn <= 0)) {
    // A reader that is paused never hears of the peer's close frame, FIN or RST: it gets one more look.
    const look = limits.closeTimeout / LOOKS;
    const heard = { ...seen, progressAt: Math.max(seen.progressAt, at + look - limits.closeTimeout) };
    return [heard, ['resume', { wakeIn: untilNextLook(heard, at, limits) }]];
  }
  if (wakeIn > 0) return [seen, [{ wakeIn }]];
  // A look that was taken before the time was over says nothing of the rest of it.
  const unseen = event.outstanding?.bytes ? progressAt + limits.closeTimeout - event.outstanding.at : 0;
  if (unseen > 0 && at < seen.deadlineAt)
    return [seen, [{ wakeIn: Math.min(Math.max(unseen, SHORT_LOOK_MS), limits.closeTimeout / LOOKS) }]];
  // Where all is in the kernel's hands and the peer may still be taking it, the kernel goes on; RST would destroy it.
  const onlySlow = event.inFlight || peerTakes || at < seen.progressAt + limits.closeTimeout;
  const how = queued === 0 && onlySlow ? 'destroy' : limits.onTimeout;
  return cut(seen, at, { type: 'close-timeout' }, how);
}

/** What was unacknowledged before bytes last moved cannot be compared with what is now. */
function comparable({ progressAt }: State, { outstanding }: Tick): Outstanding | null {
  return outstanding && outstanding.at >= progressAt ? outstanding : null;
}

function hasMoved(state: State, { progress, queued }: Look): boolean {
  return progress > state.progress || queued < state.queued;
}

/** Ms until progress is to be looked at again; 0 or less when a limit has been reached. */
function untilNextLook(state: State, at: number, limits: Limits): number {
  const withoutProgress = state.progressAt + limits.closeTimeout - at;
  return Math.min(withoutProgress, state.deadlineAt - at, limits.closeTimeout / LOOKS);
}

/** Enters a closing phase; the first one sets the limits, later ones only go on with them. */
function beginClosing(next: State, from: State, look: Look, limits: Limits): [State, Effect[]] {
  if (isClosing(from)) return [next, []];
  const { at, progress, queued } = look;
  const deadlineAt = at + limits.closeDeadline;
  const closing = { ...next, deadlineAt, progress, queued, progressAt: at };
  return [closing, [{ wakeIn: untilNextLook(closing, at, limits) }]];
}

/** From here on only the socket's 'close' is waited for, and not for long. Without `how` ws has destroyed it. */
function cut(state: State, at: number, cause: Cause | null, how?: 'reset' | 'destroy'): [State, Effect[]] {
  if (state.phase === 'reset') return [state, []];
  // There is no connection yet to cut: ws gives up the opening handshake by itself.
  if (state.phase === 'opening') return [ending(state, at, 'opening', cause), []];
  const wake = { wakeIn: WATCHDOG_MS };
  return [ending(state, at, 'reset', cause), how ? [how, wake] : [wake]];
}

/** The state in `phase`, once more is known of the end. The first sign starts the clock; the first cause wins, and keeps the phase it was met in. */
function ending(state: State, at: number, phase: Phase, cause: Cause | null): State {
  const isFirst = state.endingSince === null || (state.cause === null && cause !== null);
  const endedIn = isFirst ? asClosePhase(state.phase) : state.endedIn;
  return { ...state, phase, cause: state.cause ?? cause, endingSince: state.endingSince ?? at, endedIn };
}

function isClosing(state: State): boolean {
  return state.phase === 'handshake' || state.phase === 'fin' || state.phase === 'reset';
}

function asClosePhase(phase: Phase): ClosePhase {
  return phase === 'reset' || phase === 'closed' ? 'fin' : phase;
}
