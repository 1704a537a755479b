/**
 * Whether a peer lost anything by ws-linger that it has with plain ws. Pure.
 *
 * Where plain ws delivers everything each time, a single loss is a loss. Where plain ws itself is cut off (at its own limit
 * of 30 s, or by terminate()) or delivers everything only sometimes, what arrives depends on what the kernel had accepted
 * at that moment. Such a profile is met several times, and is lost when ws-linger is worse each time by more than a tolerance.
 */
import type { Seen } from './channel.js';
import type { Profile } from './profile.js';

/** How often a profile is met again when ws-linger did worse. */
export const REPEATS = 4;
/** Share of the bytes that arrived with plain ws, and time of the peer's reading, by which a cut may differ. */
export const TOLERANCE = { share: 0.05, bytes: 16_384, readingMs: 1_000 };

export interface Outcome extends Seen {
  /** The application's 'close', in ms after it ended the connection; null: it did not come. */
  toldMs: number | null;
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

export function losses({ closeFirst }: Pick<Profile, 'closeFirst'>, { plain, ours }: Meeting): string[] {
  const reasons = [];
  // Where both sides begin the closing handshake, the code depends on whose frame is first.
  const sameCode = ours.closeCode === plain.closeCode || (closeFirst !== null && ours.closeCode !== null);
  if (ours.wrong > plain.wrong) reasons.push(`${ours.wrong} wrong messages`);
  if (ours.messages < plain.messages) reasons.push(`${ours.messages} messages, plain ws ${plain.messages}`);
  if (plain.closeCode !== null && !sameCode)
    reasons.push(`close code ${ours.closeCode ?? 'none'}, plain ws ${plain.closeCode}`);
  if (knowsTheEnd(plain) && !knowsTheEnd(ours))
    reasons.push(`not told of the end, plain ws ${plain.end ?? plain.closeCode}`);
  return reasons;
}

/** The same where plain ws was cut off. */
export function lossesAtTheLimit(profile: Profile, meeting: Meeting): string[] {
  const { plain, ours } = meeting;
  const reasons = losses(profile, meeting);
  const reading = ((profile.speed ?? 0) * TOLERANCE.readingMs) / 1_000;
  const tolerated = plain.bytes * TOLERANCE.share + TOLERANCE.bytes + reading;
  const told = knowsTheEnd(plain) === knowsTheEnd(ours);
  return told && ours.wrong === plain.wrong && plain.bytes - ours.bytes <= tolerated ? [] : reasons;
}

/** Whether the profile has to be met again before it can be judged. */
export function isSuspect(profile: Profile, meeting: Meeting): boolean {
  const strict = isComplete(profile, meeting.plain);
  return (strict ? losses(profile, meeting) : lossesAtTheLimit(profile, meeting)).length > 0;
}

export function judge(profile: Profile, first: Meeting, repeats: readonly Meeting[]): Judgement {
  const reasons = losses(profile, first);
  const lenient = ![first, ...repeats].every(({ plain }) => isComplete(profile, plain));
  if (reasons.length === 0) {
    const more =
      first.ours.messages > first.plain.messages || (first.ours.closeCode !== null && first.plain.closeCode === null);
    return { verdict: more ? 'more' : 'same', reasons, lenient: false };
  }
  if (!isSuspect(profile, first)) return { verdict: 'within-tolerance', reasons, lenient };
  if (!lenient) return { verdict: 'lost', reasons, lenient };
  const everyTime = repeats.every((meeting) => isSuspect(profile, meeting));
  return { verdict: everyTime ? 'lost' : 'worse-sometimes', reasons, lenient };
}
