/** What a pipeline allows a run: the names, their checks, and the parser of a file of them. Pure. */
import { type Check, checkAll, outOfRange, wrongType } from '../../options';
import { SCENARIOS, type Scenario } from './plan';

/** Limits on times, in ms. */
export interface TimeThresholds {
  closeP50Ms?: number;
  closeP99Ms?: number;
  closeMaxMs?: number;
}

/** The largest values that a run may have. What is not named here stays as strict as without a file. */
export interface Thresholds extends TimeThresholds {
  /** The share of the attempted connections that did not open or did not end as expected, from 0 to 1. */
  failedConnections?: number;
  /** The share of the numbered messages that were lost, from 0 to 1. */
  lostMessages?: number;
  /** The share of the messages to slow peers that did not arrive, from 0 to 1. */
  undelivered?: number;
  /** How many ends may have no known cause. */
  unexplained?: number;
  connectP50Ms?: number;
  connectP99Ms?: number;
  /** By how many bytes the server's heap may grow with each connection. */
  heapBytesPerConnection?: number;
  /** The server's heap after any round, in MiB. */
  heapMiB?: number;
  /** The resident memory of the server's process after any round, in MiB. */
  rssMiB?: number;
  /** Limits on the times of one scenario. */
  scenarios?: Partial<Record<Scenario, TimeThresholds>>;
}

/** Thresholds that only a soak test of a server that the run starts can measure. */
const OF_MEMORY = ['heapBytesPerConnection', 'heapMiB', 'rssMiB'] as const;

const amount: Check = (name, value) => {
  if (typeof value !== 'number') throw wrongType(name, 'a number', value);
  if (!Number.isFinite(value) || value < 0) throw outOfRange(`${name} must be a number from 0, not ${value}`);
};
const share: Check = (name, value) => {
  amount(name, value);
  if ((value as number) > 1) throw outOfRange(`${name} is a share, from 0 to 1, not ${value}`);
};

const TIMES: Record<keyof TimeThresholds, Check> = { closeP50Ms: amount, closeP99Ms: amount, closeMaxMs: amount };
const OF_SCENARIOS = Object.fromEntries(
  SCENARIOS.map((scenario): [string, Check] => [scenario, (name, value) => void checkAll(name, value, TIMES)]),
);

const CHECKS: Record<keyof Thresholds, Check> = {
  failedConnections: share,
  lostMessages: share,
  undelivered: share,
  unexplained: amount,
  connectP50Ms: amount,
  connectP99Ms: amount,
  ...TIMES,
  heapBytesPerConnection: amount,
  heapMiB: amount,
  rssMiB: amount,
  scenarios: (name, value) => void checkAll(name, value, OF_SCENARIOS),
};

/** The names of all thresholds. */
export const THRESHOLDS: readonly string[] = Object.keys(CHECKS);

/** What of the run decides which thresholds can be measured. */
export interface Measurable {
  /** The scenarios with a weight. */
  scenarios: readonly string[];
  /** Whether the run starts the server and has a duration. */
  memory: boolean;
}

/** Parses the text of a file. Throws an Error of one line that names what is wrong. */
export function parseThresholds(text: string, { scenarios, memory }: Measurable): Thresholds {
  const thresholds = checkAll<Thresholds>('thresholds', parseJson(text), CHECKS);
  for (const name of OF_MEMORY) {
    if (thresholds[name] !== undefined && !memory)
      throw outOfRange(`thresholds.${name} needs --duration, and a server that the command starts`);
  }
  for (const name of Object.keys(thresholds.scenarios ?? {})) {
    if (!scenarios.includes(name)) throw outOfRange(`thresholds.scenarios.${name} is not in the mix of this run`);
  }
  return thresholds;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`no JSON: ${(error as Error).message}`);
  }
}
