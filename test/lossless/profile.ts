/**
 * What one comparison is made of: a sender, a peer, and what happens between them. The generator is pure: the same seed
 * and index give the same profile, so that a profile that lost can be met again.
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export const MAX_BYTES = 20_000_000;
const MAX_MESSAGES = 50;

export type End = 'close' | 'close-code' | 'close-send' | 'terminate' | 'drain';

/** Befalls a whole group of peers at once: their network is cut, or their process is stopped by a signal. */
export interface Incident {
  kind: 'outage' | 'stop';
  ms: number;
  /** When it begins, in ms after the sender's first message; may be negative. */
  after: number;
}

/** The peer reads nothing for `ms`, from this byte of the stream on, or from this time on after the first message. */
export type Pause = { ms: number; atByte: number } | { ms: number; atMs: number };

export interface Profile {
  id: string;
  /** The sender's role. */
  role: 'server' | 'client';
  /** `duplex`: a stream without byte counters and without a handle, over TCP. */
  transport: 'tcp' | 'tls' | 'duplex';
  deflate: boolean;
  bytes: number;
  messages: number;
  data: 'text' | 'binary' | 'mixed';
  end: End;
  /** From the messages to their end, in ms. */
  endAfter: number;
  /** How fast the peer reads, in bytes per second; null: as fast as it can. */
  speed: number | null;
  pause: Pause | null;
  /** The peer sends a small message or a ping this often, in ms. */
  talk: number | null;
  /** The peer sends its close frame this long after the first byte has arrived, in ms. */
  closeFirst: number | null;
  /** tcp_rmem of the peer and tcp_wmem of the sender, in bytes; 0: the system's own, which grow. */
  rmem: number;
  wmem: number;
  incident: Incident | null;
}

/** Peers that share a network and a process. */
export function groupOf({ rmem, wmem, incident }: Profile): string {
  return [rmem, wmem, incident ? `${incident.kind}-${incident.ms}` : 'steady'].join('/');
}

/** How long the peer needs at its own speed, in ms. */
export function readingTime({ bytes, speed }: Profile): number {
  return speed ? (bytes / speed) * 1_000 : 0;
}

class Dice {
  readonly #random: ReturnType<typeof xoroshiro128plus>;

  constructor(seed: number) {
    this.#random = xoroshiro128plus(seed);
    // The first numbers of neighbouring seeds resemble each other.
    for (let i = 0; i < 16; i++) this.#random.next();
  }

  int(low: number, high: number): number {
    return uniformInt(this.#random, Math.round(low), Math.round(Math.max(low, high)));
  }

  /** Small numbers as likely as large ones: 1 to 10 as often as 10 to 100. */
  log(low: number, high: number): number {
    const share = this.int(0, 1_000_000) / 1_000_000;
    return Math.round(low * (high / low) ** share);
  }

  chance(percent: number): boolean {
    return this.int(1, 100) <= percent;
  }

  pick<T>(weights: readonly (readonly [T, number])[]): T {
    let left = this.int(
      1,
      weights.reduce((sum, [, weight]) => sum + weight, 0),
    );
    for (const [value, weight] of weights) {
      left -= weight;
      if (left <= 0) return value;
    }
    throw new Error('no weights');
  }
}

const RMEM = [[4_096, 35], [65_536, 25], [0, 40]] as const; // biome-ignore format: a table
const WMEM = [[65_536, 50], [0, 50]] as const; // biome-ignore format: a table

type Schedule = Pick<Profile, 'rmem' | 'wmem'> & Pick<Incident, 'kind' | 'ms'>;

/** Each schedule is a network and a process of its own, so one run has few of them: six, which the seed decides. */
function schedules(seed: number): Schedule[] {
  const dice = new Dice(seed * 7_919 + 17);
  const one = (kind: Incident['kind'], low: number, high: number): Schedule => ({
    kind,
    ms: Math.round(dice.log(low, high) / 100) * 100,
    rmem: dice.pick(RMEM),
    wmem: dice.pick(WMEM),
  });
  return [
    one('outage', 500, 1_500),
    one('outage', 1_500, 3_000),
    one('outage', 3_000, 5_000),
    one('outage', 5_000, 8_000),
    one('stop', 1_000, 4_000),
    one('stop', 4_000, 12_000),
  ];
}

type Trait = 'steady' | 'pause' | 'outage' | 'stop' | 'talk' | 'closes-first';
const TRAITS = [['steady', 25], ['pause', 25], ['outage', 15], ['stop', 10], ['talk', 12], ['closes-first', 13]] as const; // biome-ignore format: a table
const ENDS = [['close', 35], ['close-code', 15], ['close-send', 18], ['terminate', 12], ['drain', 20]] as const; // biome-ignore format: a table

export function makeProfile(seed: number, index: number): Profile {
  const dice = new Dice(seed * 1_000_003 + index);
  const trait: Trait = dice.pick(TRAITS);
  const role = dice.chance(60) ? 'server' : 'client';
  const end = dice.pick(ENDS);
  const speed = dice.chance(25) ? null : dice.log(1_000, 5_000_000);
  const deflate = dice.chance(20);
  const incident = trait === 'outage' || trait === 'stop' ? dice.pick(schedulesOf(seed, trait)) : null;

  const seconds = dice.chance(88) ? dice.log(200, 22_000) / 1_000 : dice.int(22, 70);
  const most = incident || deflate ? 3_000_000 : MAX_BYTES;
  // What a kernel takes at once is lost by nobody, so most profiles are of more.
  const wanted = dice.chance(12) ? dice.log(1, 5_000) : speed ? speed * seconds : dice.log(20_000, most);
  const bytes = Math.round(Math.min(most, Math.max(1, wanted)));
  const messages = Math.min(bytes, dice.log(1, MAX_MESSAGES));
  const time = speed ? Math.min(30_000, (bytes / speed) * 1_000) : 200;

  const closeFirst = trait === 'closes-first' || dice.chance(3) ? dice.int(0, 500) : null;
  return {
    id: `${seed}-${index}`,
    role,
    transport: dice.pick([['tcp', 55], ['tls', 25], ['duplex', 20]] as const), // biome-ignore format: a table
    deflate,
    bytes,
    messages,
    data: dice.pick([['text', 35], ['binary', 45], ['mixed', 20]] as const), // biome-ignore format: a table
    end: end === 'drain' && role === 'client' ? 'close' : end,
    // What terminate() cuts off says less than what it must not cut off, so it mostly comes later.
    endAfter: dice.chance(closeFirst !== null || end === 'terminate' ? 70 : 25) ? dice.int(1, 1_200) : 0,
    speed,
    pause: trait === 'pause' || dice.chance(8) ? pauseOf(dice, bytes, time) : null,
    talk: trait === 'talk' || dice.chance(6) ? dice.log(20, 500) : null,
    closeFirst,
    rmem: incident?.rmem ?? dice.pick(RMEM),
    wmem: incident?.wmem ?? dice.pick(WMEM),
    incident: incident && { kind: incident.kind, ms: incident.ms, after: dice.int(-0.9 * incident.ms, 300) },
  };
}

function schedulesOf(seed: number, kind: Incident['kind']): [Schedule, number][] {
  return schedules(seed)
    .filter((schedule) => schedule.kind === kind)
    .map((schedule) => [schedule, 1]);
}

function pauseOf(dice: Dice, bytes: number, time: number): Pause {
  const ms = dice.chance(80) ? dice.log(300, 15_000) : dice.int(15_000, 25_000);
  return dice.chance(50) ? { ms, atByte: dice.int(0, bytes) } : { ms, atMs: dice.int(0, time) };
}
