/** Makes a lost profile simpler, as long as it still loses: all simplifications at once, then those of the first that does. */
import type { Arena } from './arena.js';
import type { Profile } from './profile.js';
import { isComplete, isSuspect } from './verdict.js';

const BOUND_MS = 120_000;

type Change = (profile: Profile) => Partial<Profile>;

/** Those that take most away come first. A change that changes nothing is left out. */
const CHANGES: Change[] = [
  () => ({ incident: null }),
  () => ({ pause: null }),
  () => ({ talk: null }),
  () => ({ closeFirst: null }),
  () => ({ transport: 'tcp' }),
  () => ({ deflate: false }),
  () => ({ messages: 1 }),
  () => ({ endAfter: 0 }),
  () => ({ end: 'close' }),
  () => ({ role: 'server' }),
  () => ({ speed: null }),
  () => ({ data: 'binary' }),
  () => ({ wmem: 65_536 }),
  ({ bytes, messages }) => ({ bytes: Math.max(1, bytes >> 1), messages: Math.min(messages, Math.max(1, bytes >> 1)) }),
  ({ pause }) => ({ pause: pause && { ...pause, ms: pause.ms >> 1 } }),
  ({ incident }) => ({ incident: incident && { ...incident, ms: incident.ms >> 1 } }),
];

function simpler(profile: Profile): Profile[] {
  return CHANGES.map((change) => ({ ...profile, ...change(profile) })).filter(
    (changed) => JSON.stringify(changed) !== JSON.stringify(profile),
  );
}

async function stillLoses(arena: Arena, profile: Profile): Promise<boolean> {
  const [met] = await arena.meet([profile]);
  return (
    met !== undefined && 'meeting' in met && isComplete(profile, met.meeting.plain) && isSuspect(profile, met.meeting)
  );
}

/** The simplest profile found when the time is over. */
export async function shrink(arena: Arena, profile: Profile): Promise<Profile> {
  const until = Date.now() + BOUND_MS;
  let best = profile;
  for (let round = 1; Date.now() < until; round++) {
    const candidates = simpler(best).map((candidate) => ({ ...candidate, id: `${profile.id}-shrunk${round}` }));
    const tried = candidates.map((candidate) => stillLoses(arena, candidate).catch(() => false));
    let timer: NodeJS.Timeout | undefined;
    const outOfTime = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), until - Date.now());
    });
    const results = await Promise.race([Promise.all(tried), outOfTime]);
    clearTimeout(timer);
    const found = results?.indexOf(true) ?? -1;
    if (found < 0) break;
    best = candidates[found] as Profile;
  }
  return best;
}
