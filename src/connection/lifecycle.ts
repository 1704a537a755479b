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
import type { CloseError, ClosePhase, Phase } from '../close-info';
import type { OnTimeout } from '../options';
import type { TransportLook } from '../socket-control/contract';

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
  /** When the socket has to be gone. */
  readonly deadlineAt: number;
  readonly bothCloseFrames: boolean;
  /** The last look, and when one last showed progress. */
  readonly progress: number;
  readonly queued: number;
  readonly progressAt: number;
  /** The last look at the transport since bytes moved. */
  readonly look: TransportLook | null;
}

/** What the connection looks like when an event comes. */
export interface Sample {
  /** A monotonic time in ms. */
  at: number;
  /** The sum of bytes read from and accepted by the peer so far. */
  progress: number;
  /** Bytes that wait to be accepted. Fewer than before is progress too: some streams tell no more than this. */
  queued: number;
}

export type Event = { type: 'open' } | (Sample & Observation);

/** What is seen of a connection's end; one that is merely open is not looked at. */
export type Observation =
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
  /** terminate() */
  | { type: 'destroy' }
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
  /** This side is still at work on what it has to send or has received (deflate, Blobs), and ends nothing before that. */
  busy?: boolean;
  /** What the system knows of the transport; null where it does not tell. It lengthens a wait, and decides nothing else. */
  look?: TransportLook | null;
}

export type Effect = 'reset' | 'destroy' | 'linger' | 'resume' | 'emit-close' | { wakeIn: number };

/** How long ws may take to emit 'close' after the end, before it is emitted without ws. */
export const WATCHDOG_MS = 1_000;

/** Progress is looked at this often within closeTimeout, so that the end is told late by at most a quarter of it. */
const CHECKS = 4;
/** Soon after bytes moved it is looked at so often: most of what moves does so at once. */
const FIRST_CHECKS = 20;

/** A peer whose receive window has been zero for so long, in ms, does not read. Shorter pauses are those of living readers. */
export const ZERO_WINDOW_MS = 25_000;

/**
 * Chooses between FIN and RST. RST destroys what is on its way, and is sent only once, so that an outage swallows
 * it: it is for a peer that is known to be there and not to read. FIN is retransmitted until the peer has it.
 */
export function howToCut(onTimeout: OnTimeout, zeroWindowMs: number): 'reset' | 'destroy' {
  if (onTimeout !== 'auto') return onTimeout;
  return zeroWindowMs >= ZERO_WINDOW_MS ? 'reset' : 'destroy';
}

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
  look: null,
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
      if (state.phase === 'fin' || state.phase === 'cut') return [state, []];
      return beginClosing(ending(state, event.at, 'fin', { type: 'fin', by: event.by }), state, event, limits);
    case 'error': {
      const { error, ended, keepAlive } = event;
      return cut(state, event.at, { type: 'error', error, ended, keepAlive });
    }
    case 'protocol-error':
      return [ending(state, event.at, state.phase, { type: 'protocol-error', error: event.error }), []];
    case 'give-up':
      // A connection that is being closed has its limits already.
      return state.phase === 'open'
        ? cut(state, event.at, { type: event.why }, howToCut(limits.onTimeout, 0))
        : [state, []];
    case 'abort':
      return cut(state, event.at, LOCAL_ABORT, 'reset');
    case 'destroy':
      return cut(state, event.at, LOCAL_ABORT, 'destroy');
    case 'tick':
      return tick(state, event, limits);
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
  return next.phase === 'cut' ? [shortened, []] : [shortened, [{ wakeIn: untilNextLook(shortened, event.at, limits) }]];
}

function tick(state: State, event: Event & Tick, limits: Limits): [State, Effect[]] {
  if (state.phase === 'cut') return [state, event.busy ? [{ wakeIn: WATCHDOG_MS }] : ['emit-close']];
  if (state.phase !== 'handshake' && state.phase !== 'fin') return [state, []];

  const next = withSample(state, event, limits);
  const { at } = event;
  const wakeIn = untilNextLook(next, at, limits);
  if (event.paused && at < next.deadlineAt && (event.lost || wakeIn <= 0)) {
    // A reader that is paused never hears of the peer's close frame, FIN or RST: it gets one more look.
    const more = limits.closeTimeout / CHECKS;
    const heard = { ...next, progressAt: Math.max(next.progressAt, at + more - limits.closeTimeout) };
    return [heard, ['resume', { wakeIn: untilNextLook(heard, at, limits) }]];
  }
  if (wakeIn > 0) return [next, [{ wakeIn }]];
  return cut(next, at, { type: 'close-timeout' }, at < next.deadlineAt ? 'linger' : howToCut(limits.onTimeout, 0));
}

/** The state with what a tick shows. Bytes that the peer's system has acknowledged are progress too, from when that was so. */
function withSample(state: State, event: Event & Tick, { closeTimeout }: Limits): State {
  const { at, progress, queued, lateBy = 0 } = event;
  if (hasMoved(state, event) || event.busy) return { ...state, progress, queued, progressAt: at, look: null };
  const now = event.look && event.look.at >= state.progressAt ? event.look : null;
  const before = state.look;
  const acknowledged = now !== null && before !== null && now.unacknowledged < before.unacknowledged;
  // While this process did not run, nothing counts against the peer. A loop that is merely busy has read what had come.
  const missed = lateBy >= closeTimeout / CHECKS ? lateBy : 0;
  const progressAt = acknowledged ? now.at : state.progressAt + missed;
  return { ...state, progress, queued, progressAt, look: now ?? before };
}

function hasMoved(state: State, { progress, queued }: Sample): boolean {
  return progress > state.progress || queued < state.queued;
}

/** Ms until progress is to be looked at again; 0 or less when a limit has been reached. */
function untilNextLook({ progressAt, deadlineAt }: State, at: number, { closeTimeout }: Limits): number {
  const pause = Math.max(closeTimeout / FIRST_CHECKS, at - progressAt);
  return Math.min(progressAt + closeTimeout - at, deadlineAt - at, pause, closeTimeout / CHECKS);
}

/** Enters a closing phase; the first one sets the limits, later ones only go on with them. */
function beginClosing(next: State, from: State, look: Sample, limits: Limits): [State, Effect[]] {
  if (isClosing(from)) return [next, []];
  const { at, progress, queued } = look;
  const deadlineAt = at + limits.closeDeadline;
  const closing = { ...next, deadlineAt, progress, queued, progressAt: at };
  return [closing, [{ wakeIn: untilNextLook(closing, at, limits) }]];
}

/** From here on only ws's 'close' is waited for, and not for long. Without `how` ws has destroyed the socket. */
function cut(state: State, at: number, cause: Cause | null, how?: 'reset' | 'destroy' | 'linger'): [State, Effect[]] {
  if (state.phase === 'cut') return [state, []];
  // There is no connection yet to cut: ws gives up the opening handshake by itself.
  if (state.phase === 'opening') return [ending(state, at, 'opening', cause), []];
  const wake = { wakeIn: WATCHDOG_MS };
  return [ending(state, at, 'cut', cause), how ? [how, wake] : [wake]];
}

/** The state in `phase`, once more is known of the end. The first sign starts the clock; the first cause wins, and keeps the phase it was met in. */
function ending(state: State, at: number, phase: Phase, cause: Cause | null): State {
  const isFirst = state.endingSince === null || (state.cause === null && cause !== null);
  const endedIn = isFirst ? asClosePhase(state.phase) : state.endedIn;
  return { ...state, phase, cause: state.cause ?? cause, endingSince: state.endingSince ?? at, endedIn };
}

function isClosing(state: State): boolean {
  return state.phase === 'handshake' || state.phase === 'fin' || state.phase === 'cut';
}

function asClosePhase(phase: Phase): ClosePhase {
  return phase === 'cut' || phase === 'closed' ? 'fin' : phase;
}
