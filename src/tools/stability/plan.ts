/** What a stability run does to each connection, decided from the seed before anything is opened. Pure. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** The ways in which connections are ended. */
export const SCENARIOS = ['clean', 'rst', 'fin', 'cut', 'stall', 'kill', 'slow', 'pause', 'cutoff'] as const;
/**
 * How a connection is ended.
 *
 * - `clean`: by the closing handshake.
 * - `rst`: the client sends RST.
 * - `fin`: the client sends FIN without a close frame.
 * - `cut`: the client sends FIN in the middle of a frame.
 * - `stall`: the client stops reading for good, and the server closes.
 * - `kill`: the client's process is killed.
 * - `slow`: the server sends a backlog and closes; the client reads slowly.
 * - `pause`: the same, but the client stops reading for 4 s and then reads on.
 * - `cutoff`: the same, but the client's traffic is cut off for 3 s in both directions.
 */
export type Scenario = (typeof SCENARIOS)[number];

/** Relative weights. */
export type Mix = Partial<Record<Scenario, number>>;

/** One end in ten is clean, three are of peers that are slow but alive; the rest is what the field calls 1006. */
export const DEFAULT_MIX: Mix = { clean: 1, rst: 2, fin: 1, cut: 1, stall: 1, kill: 1, slow: 1, pause: 1, cutoff: 1 };

export interface Planned {
  id: number;
  scenario: Scenario;
  /** How many messages are sent to it all at once, just before the close. */
  backlog: number;
}

/** A scenario for each of `count` connections: in exact proportion to the mix, in an order that the seed gives. */
export function plan(count: number, mix: Mix, seed: number): Planned[] {
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

/** Reads `rst` or `clean=1,rst=3`. Throws a one-line Error for anything else. */
export function parseMix(text: string): Mix {
  const mix: Mix = {};
  for (const part of text.split(',')) {
    const [name = '', weight = '1', ...rest] = part.trim().split('=');
    if (!SCENARIOS.includes(name as Scenario)) {
      throw new Error(`'${name}' is not one of ${SCENARIOS.join(', ')}`);
    }
    if (!/^\d+$/.test(weight) || rest.length > 0)
      throw new Error(`the weight in '${part.trim()}' is not a whole number`);
    mix[name as Scenario] = Number(weight);
  }
  if (!Object.values(mix).some((weight) => weight > 0)) throw new Error('at least one weight must be above 0');
  return mix;
}

/** At the speed of slow-reader.ts these take some 8 s. */
const SLOW = 4;
/** 6 MiB, more than the kernels of both sides usually hold: the server is left with bytes that it cannot write yet. */
const INTERRUPTED = 96;
/** All interrupted peers together get 256 MiB or less, so that many of them do not hold up everybody else. */
const INTERRUPTED_IN_ALL = 4096;
/** The first message begins the interruption, so there has to be one behind it. */
const LEAST = 2;

/** How many messages each connection of a plan has as its backlog, by its way to end. */
function backlogs(scenarios: readonly Scenario[]): Record<Scenario, number> {
  const interrupted = scenarios.filter((scenario) => scenario === 'pause' || scenario === 'cutoff').length;
  const each = Math.max(LEAST, Math.min(INTERRUPTED, Math.floor(INTERRUPTED_IN_ALL / interrupted)));
  const none = { clean: 0, rst: 0, fin: 0, cut: 0, stall: 0, kill: 0 };
  return { ...none, slow: SLOW, pause: each, cutoff: each };
}
