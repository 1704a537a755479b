/**
 * Whether a peer lost anything by ws-linger that it has with plain ws. Pure.
 *
 * Where plain ws delivers everything each time, with time to spare, a single loss is a loss (two after terminate(), which cuts
 * at a moment of the clock). Where plain ws itself is cut off
 * (at its own limit of 30 s, or by terminate()), or would have been a moment later, what arrives depends on what the kernel
 * had accepted at that moment. Such a profile is met several times, and is lost when ws-linger is worse each time by more
 * than a tolerance.
 */
import type { Seen, Told } from './channel.js';
import type { Profile } from './profile.js';

/** How often a profile is met again when ws-linger did worse. */
export const REPEATS = 4;
/**
 * By how much less may arrive at a cut: a share of what arrived with plain ws, some bytes, and what the peer reads in a while;
 * together `most` of what arrived with plain ws, so that a few last words are not within it.
 */
export const TOLERANCE = { share: 0.05, bytes: 16_384, readingMs: 1_000, most: 0.25 };

/** A peer is asked this long after the end what it has seen, unless all was over before. */
export const OBSERVED_MS = 75_000;
/** ws destroys a connection this long after close(). */
const WS_LIMIT_MS = 30_000;
/** What is this near to a limit may on a busy machine be beyond it. The kernel takes more in steps of several seconds. */
const SPARE_MS = { terminateFlushed: 500, told: 2_000, flushed: 10_000, observed: 5_000 };

export interface Outcome extends Seen {
  /** Null: 'close' did not come. */
  toldMs: Told['toldMs'] | null;
  flushedMs: Told['flushedMs'];
}

/** One profile, with both implementations at the same time. */
export interface Meeting {
  plain: Outcome;
  ours: Outcome;
}

export type Verdict = 'same' | 'more' | 'lost' | 'within-tolerance' | 'worse-sometimes';

export interface Judgement {
  verdict: Verdict;
  /** What was lost, in the first meeting. */
  reasons: string[];
  /** Plain ws was cut off or unsteady, so the comparison was one of several, with a tolerance. */
  lenient: boolean;
}

function knowsTheEnd(outcome: Seen): boolean {
  return outcome.end !== null || outcome.closeCode !== null;
}

/** Everything that was sent has arrived, and the peer knows that it has ended. */
export function isComplete(profile: Profile, outcome: Seen): boolean {
  const closed = profile.end === 'terminate' || outcome.closeCode !== null;
  return outcome.messages === profile.messages && outcome.wrong === 0 && closed && knowsTheEnd(outcome);
}

/** Complete, and not only just: the end was not a cut, or the kernel had all messages well before it. */
function isSafelyComplete(profile: Profile, outcome: Outcome): boolean {
  const { toldMs, flushedMs, ms } = outcome;
  const flushedBefore = (limit: number) => flushedMs !== null && flushedMs <= limit;
  const inTime =
    profile.end === 'terminate'
      ? flushedBefore(-SPARE_MS.terminateFlushed)
      : (toldMs !== null && toldMs <= WS_LIMIT_MS - SPARE_MS.told) || flushedBefore(WS_LIMIT_MS - SPARE_MS.flushed);
  const seenInTime = ms !== null && ms <= profile.endAfter + OBSERVED_MS - SPARE_MS.observed;
  return isComplete(profile, outcome) && inTime && seenInTime;
}

/** Where both sides begin the closing handshake, the code depends on whose frame is first. */
function codesDiffer({ closeFirst }: Profile, { plain, ours }: Meeting): boolean {
  const both = plain.closeCode !== null && ours.closeCode !== null;
  return both && plain.closeCode !== ours.closeCode && closeFirst === null;
}

/** Losses that nothing excuses. */
function plainLosses(profile: Profile, meeting: Meeting): string[] {
  const { plain, ours } = meeting;
  const reasons = [];
  if (ours.wrong > plain.wrong) reasons.push(`${ours.wrong} wrong messages`);
  if (codesDiffer(profile, meeting)) reasons.push(`close code ${ours.closeCode}, plain ws ${plain.closeCode}`);
  if (knowsTheEnd(plain) && !knowsTheEnd(ours))
    reasons.push(`not told of the end, plain ws ${plain.end ?? plain.closeCode}`);
  return reasons;
}

export function losses(profile: Profile, meeting: Meeting): string[] {
  const { plain, ours } = meeting;
  const reasons = plainLosses(profile, meeting);
  if (ours.messages < plain.messages) reasons.push(`${ours.messages} messages, plain ws ${plain.messages}`);
  if (plain.closeCode !== null && ours.closeCode === null) reasons.push(`no close frame, plain ws ${plain.closeCode}`);
  return reasons;
}

/** The same where plain ws was cut off: only by how much less has arrived counts. */
export function lossesAtTheLimit(profile: Profile, meeting: Meeting): string[] {
  const { plain, ours } = meeting;
  const reading = ((profile.speed ?? 0) * TOLERANCE.readingMs) / 1_000;
  const tolerated = Math.min(plain.bytes * TOLERANCE.most, plain.bytes * TOLERANCE.share + TOLERANCE.bytes + reading);
  return plain.bytes - ours.bytes <= tolerated ? plainLosses(profile, meeting) : losses(profile, meeting);
}

/** Whether the profile has to be met again before it can be judged. */
export function isSuspect(profile: Profile, meeting: Meeting): boolean {
  const strict = isSafelyComplete(profile, meeting.plain);
  return (strict ? losses(profile, meeting) : lossesAtTheLimit(profile, meeting)).length > 0;
}

export function judge(profile: Profile, first: Meeting, repeats: readonly Meeting[]): Judgement {
  const reasons = losses(profile, first);
  const lenient = ![first, ...repeats].every(({ plain }) => isSafelyComplete(profile, plain));
  if (reasons.length === 0) {
    const more =
      first.ours.messages > first.plain.messages || (first.ours.closeCode !== null && first.plain.closeCode === null);
    return { verdict: more ? 'more' : 'same', reasons, lenient: false };
  }
  if (!isSuspect(profile, first)) return { verdict: 'within-tolerance', reasons, lenient };
  const again = repeats.filter((meeting) => isSuspect(profile, meeting)).length;
  // terminate() cuts at a moment, and a busy machine may reach that moment before the data has left.
  const enough = lenient ? repeats.length : profile.end === 'terminate' ? 1 : 0;
  return { verdict: again >= enough ? 'lost' : 'worse-sometimes', reasons, lenient };
}
