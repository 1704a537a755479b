/** Decides from the seed, before anything opens, how the run ends each connection. Pure. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** The names of all scenarios. */
export const SCENARIOS = ['clean', 'rst', 'fin', 'cut', 'stall', 'kill', 'slow', 'pause', 'cutoff'] as const;
/**
 * How a connection is ended.
 *
 * - `clean`: by the closing handshake.
 * - `rst`: the client sends RST.
 * - `fin`: the client sends FIN without a close frame.
 * - `cut`: the client sends FIN in the middle of a frame.
 * - `stall`: the client stops reading and never resumes, and the server closes.
 * - `kill`: the client's process is killed.
 * - `slow`: the server sends a backlog and closes; the client reads slowly.
 * - `pause`: the same, but the client stops reading for 4 s and then reads on.
 * - `cutoff`: the same, but the client's traffic is cut off for 3 s in both directions.
 */
export type Scenario = (typeof SCENARIOS)[number];

/** Relative weights. */
export type Mix = Partial<Record<Scenario, number>>;

/** One end in ten is clean, three have a slow but living peer, and six are abrupt: ws reports those as 1006. */
export const DEFAULT_MIX: Mix = { clean: 1, rst: 2, fin: 1, cut: 1, stall: 1, kill: 1, slow: 1, pause: 1, cutoff: 1 };

export interface PlannedConnection {
  id: number;
  scenario: Scenario;
  /** How many messages the server sends at once, directly before the close. */
  backlog: number;
}

/** Returns `count` connections with their scenarios, in exact proportion to the mix and in an order fixed by the seed. */
export function plan(count: number, mix: Mix, seed: number): PlannedConnection[] {
  const entries = Object.entries(mix) as [Scenario, number][];
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  const order: Scenario[] = [];
  let reached = 0;
  for (const [scenario, weight] of entries) {
    reached += weight;
    while (order.length < Math.round((reached / total) * count)) order.push(scenario);
  }
  const random = xoroshiro128plus(seed);
  for (let i = order.length - 1; i > 0; i--) {
    const j = uniformInt(random, 0, i);
    [order[i], order[j]] = [order[j] as Scenario, order[i] as Scenario];
  }
  const backlog = backlogs(order);
  return order.map((scenario, id) => ({ id, scenario, backlog: backlog[scenario] }));
}

/** Parses `rst` or `clean=1,rst=3`. Throws an Error with a one-line message for other texts. */
export function parseMix(text: string): Mix {
  const mix: Mix = {};
  for (const part of text.split(',')) {
    const [name = '', weight = '1', ...rest] = part.trim().split('=');
    if (!SCENARIOS.includes(name as Scenario)) {
      throw new Error(`'${name}' is not a scenario; the scenarios are ${SCENARIOS.join(', ')}`);
    }
    if (!/^\d+$/.test(weight) || rest.length > 0)
      throw new Error(`the weight in '${part.trim()}' is not a whole number`);
    mix[name as Scenario] = Number(weight);
  }
  if (!Object.values(mix).some((weight) => weight > 0)) throw new Error('at least one weight must be above 0');
  return mix;
}

// Backlogs, in messages of 64 KiB.
/** For a slow reader: slow-reader.ts takes about 10 s for these. */
const SLOW = 4;
/** For an interrupted peer: 6 MiB is more than the kernels of both sides usually buffer, so the server must wait. */
const INTERRUPTED = 96;
/** For all interrupted peers together: 256 MiB, so that many of them do not delay the other connections. */
const INTERRUPTED_TOTAL = 4096;
/** The smallest backlog of an interrupted peer: the first message triggers the interruption, and one must follow it. */
const INTERRUPTED_MIN = 2;

/** Returns the backlog of each scenario, in messages. */
function backlogs(scenarios: readonly Scenario[]): Record<Scenario, number> {
  const interrupted = scenarios.filter((scenario) => scenario === 'pause' || scenario === 'cutoff').length;
  const each = Math.max(INTERRUPTED_MIN, Math.min(INTERRUPTED, Math.floor(INTERRUPTED_TOTAL / interrupted)));
  const none = { clean: 0, rst: 0, fin: 0, cut: 0, stall: 0, kill: 0 };
  return { ...none, slow: SLOW, pause: each, cutoff: each };
}
