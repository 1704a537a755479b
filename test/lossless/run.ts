/** npm run test:lossless: makes the profiles, meets them all, judges, and reports. Exit code 1 where a message was lost. */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Arena, type ArenaOptions, type Met } from './arena.js';
import { groupOf, makeProfile, type Profile } from './profile.js';
import { describe, type Result, report } from './report.js';
import { shrink } from './shrink.js';
import { isSuspect, judge, type Meeting, REPEATS } from './verdict.js';

/** So many connections are begun in a second. */
const PROFILES_PER_SECOND = 40;
/** Each takes up to two minutes of its own. */
const MOST_SHRUNK = 3;

const { values } = parseArgs({
  options: {
    profiles: { type: 'string', default: '150' },
    seed: { type: 'string', default: '1' },
    windows: { type: 'boolean', default: false },
    control: { type: 'string' },
    only: { type: 'string' },
    ours: { type: 'string', default: 'ours' },
    'no-shrink': { type: 'boolean', default: false },
  },
});

function chooseProfiles(): Profile[] {
  const { only } = values;
  const seed = wholeNumber('seed', values.seed);
  if (only?.startsWith('{')) return [JSON.parse(only)];
  if (only) {
    const [of, index] = only.includes('-') ? only.split('-') : [values.seed, only];
    return [makeProfile(wholeNumber('only', of), wholeNumber('only', index))];
  }
  return Array.from({ length: wholeNumber('profiles', values.profiles) }, (_, index) => makeProfile(seed, index));
}

function wholeNumber(name: string, text: string | undefined): number {
  if (!/^\d+$/.test(text ?? '')) throw new Error(`--${name} takes a number, not ${text}`);
  return Number(text);
}

function oneOf<T extends string>(name: string, text: string, allowed: readonly T[]): T {
  if (!(allowed as readonly string[]).includes(text)) throw new Error(`--${name} is one of ${allowed.join(', ')}`);
  return text as T;
}

/** Under Windows only a TCP handle is of interest: the stream without one is the same JavaScript everywhere. */
function onWindows(profile: Profile): Profile {
  return profile.transport === 'duplex' ? { ...profile, transport: 'tcp' } : profile;
}

/** Profiles of a group with an incident are met together, the others one by one. */
function batches(profiles: readonly Profile[]): Profile[][] {
  const byGroup = new Map<string, Profile[]>();
  for (const profile of profiles) {
    const key = profile.incident ? groupOf(profile) : '';
    byGroup.set(key, [...(byGroup.get(key) ?? []), profile]);
  }
  const alone = (byGroup.get('') ?? []).map((profile) => [profile]);
  byGroup.delete('');
  return [...byGroup.values(), ...alone];
}

type First = Extract<Met, { meeting: Meeting }>;

/** Meets all profiles once, and tells of those that could not be met. */
async function meetAll(arena: Arena, profiles: readonly Profile[]): Promise<First[]> {
  let started = 0;
  let done = 0;
  const progress = setInterval(() => console.log(`${done} of ${profiles.length} profiles`), 15_000);
  const met = await Promise.all(
    batches(profiles).map(async (batch) => {
      // Groups with an incident take longest, so they need not wait for their turn.
      if (!batch[0]?.incident) await delay((started++ * 1_000) / PROFILES_PER_SECOND);
      const results = await arena.meet(batch);
      done += batch.length;
      return results;
    }),
  );
  clearInterval(progress);
  return met.flat().filter((one): one is First => {
    if ('failure' in one) console.log(`${one.profile.id} did not run: ${one.failure}`);
    return 'meeting' in one;
  });
}

async function runAll(arena: Arena, profiles: readonly Profile[]): Promise<Result[]> {
  const firsts = await meetAll(arena, profiles);
  // Only now, when the machine has little else to do: under load either side may be the slower one.
  const suspects = firsts.filter(({ profile, meeting }) => isSuspect(profile, meeting)).map(({ profile }) => profile);
  if (suspects.length > 0) console.log(`${suspects.length} are met again`);
  const repeated = await meetAll(
    arena,
    suspects.flatMap((profile) => Array<Profile>(REPEATS).fill(profile)),
  );
  return firsts.map(({ profile, meeting }) => {
    const repeats = repeated.filter((one) => one.profile === profile).map((one) => one.meeting);
    const result = { profile, meeting, ...judge(profile, meeting, repeats) };
    if (result.verdict === 'lost') console.log(describe(result));
    return result;
  });
}

async function main(): Promise<void> {
  const options: ArenaOptions = {
    windows: values.windows,
    // 'native' fails where there is no addon; 'auto' would quietly do without.
    control: oneOf('control', values.control ?? (values.windows ? 'native' : 'portable'), [
      'native',
      'portable',
    ] as const),
    ours: oneOf('ours', values.ours, ['plain', 'ours'] as const),
  };
  const profiles = chooseProfiles().map((profile) => (options.windows ? onWindows(profile) : profile));
  const began = Date.now();
  const arena = new Arena(options);
  const results = await runAll(arena, profiles);
  const lost = results.filter(({ verdict }) => verdict === 'lost');
  const seconds = Math.round((Date.now() - began) / 1_000);
  if (!values['no-shrink']) {
    const simplest = lost.slice(0, MOST_SHRUNK).map(async ({ profile }) => {
      console.log(`${profile.id}, made simpler: --only '${JSON.stringify(await shrink(arena, profile))}'`);
    });
    await Promise.all(simplest);
  }
  await arena.close();
  console.log(`\nThe run took ${seconds} s${options.ours === 'plain' ? '; plain ws in place of ws-linger' : ''}.\n`);
  console.log(report(results, values.seed));
  if (results.length < profiles.length) console.log(`${profiles.length - results.length} profiles did not run`);
  process.exit(lost.length > 0 || results.length < profiles.length ? 1 : 0);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
main().catch((error) => {
  console.error(error);
  process.exit(1);
});
