/**
 * Breaks the verdict of a run down into checks, one for each thing that can be wrong. Without thresholds all of them pass
 * exactly when `result.pass` is true. Pure.
 */
import { outagesText, type StabilityResult, type Times } from './result';
import { soakSentence } from './soak';
import type { Thresholds, TimeThresholds } from './thresholds';

/** One check. `skipped` says that the run could not see what it is about. */
export interface RunCheck {
  name: string;
  outcome: 'passed' | 'failed' | 'skipped';
  /** What was seen, in one sentence or several lines. */
  text: string;
}

const BYTES_PER_MIB = 2 ** 20;

/** Returns the checks of a run. A threshold takes the place of the strict rule about the same thing. */
export function checksOf(result: StabilityResult, thresholds: Thresholds = {}): RunCheck[] {
  return [
    check('the run was not interrupted', !result.interrupted, result.interrupted ? 'interrupted' : 'complete'),
    ...connectionChecks(result, thresholds),
    ...messageChecks(result, thresholds),
    most('ends have a known cause', result.unexplained, thresholds.unexplained ?? 0, 'ends without a known cause'),
    most('no exception is uncaught', result.uncaught, 0, 'uncaught exceptions'),
    leftCheck(result),
    ...memoryChecks(result, thresholds),
    ...outageChecks(result),
    ...timeChecks('connections open in time', 'connect', result.connections.opened > 0, result.connectMs, {
      P50: thresholds.connectP50Ms,
      P99: thresholds.connectP99Ms,
    }),
    ...timeChecks(
      'connections end in time',
      'close',
      Object.keys(result.scenarios).length > 0,
      result.closeMs,
      closeLimits(thresholds),
    ),
    ...Object.entries(thresholds.scenarios ?? {}).flatMap(([scenario, limits]) => {
      const ended = result.scenarios[scenario as keyof typeof result.scenarios];
      const name = `connections of ${scenario} end in time`;
      return timeChecks(name, 'close', ended !== undefined, ended?.closeMs ?? NO_TIMES, closeLimits(limits));
    }),
  ];
}

/** Whether no check failed. */
export const allPass = (checks: readonly RunCheck[]): boolean => checks.every(({ outcome }) => outcome !== 'failed');

function connectionChecks(result: StabilityResult, { failedConnections }: Thresholds): RunCheck[] {
  const { attempted, opened, failed } = result.connections;
  const failing = 1 - result.successRate;
  const detail = [`${percent(failing)} of ${attempted} connections failed`, ...result.problems].join('\n');
  if (failedConnections !== undefined) {
    const name = `at most ${percent(failedConnections)} of the connections fail to open or to end as expected`;
    return [check(name, failing <= failedConnections, detail)];
  }
  return [
    check('every connection opens', failed === 0, `${opened} of ${attempted} opened`),
    check('every connection ends once, in time and as its scenario demands', failing === 0, detail),
  ];
}

function messageChecks({ messages, slowPeers, url }: StabilityResult, limits: Thresholds): RunCheck[] {
  const { sent, received, lost, echo } = messages;
  const name = 'messages of living connections arrive';
  const undelivered = slowPeers.sent - slowPeers.delivered;
  // A server that never echoes shows no loss of its own: its connections may all have ended early.
  const deaf = echo && url !== null && sent > 0 && received === 0;
  return [
    !echo
      ? { name, outcome: 'skipped', text: 'the server does not echo' }
      : check(
          name,
          !deaf && withinShare(lost, sent, limits.lostMessages),
          `${sent} sent, ${received} echoed, ${lost} lost${allowed(limits.lostMessages)}`,
        ),
    slowPeers.sent === 0
      ? { name: 'slow peers receive what was sent before the close', outcome: 'skipped', text: 'no slow peers' }
      : check(
          'slow peers receive what was sent before the close',
          withinShare(undelivered, slowPeers.sent, limits.undelivered),
          `${slowPeers.delivered} of ${slowPeers.sent} messages delivered${allowed(limits.undelivered)}`,
        ),
  ];
}

function leftCheck({ leaked, url, interrupted }: StabilityResult): RunCheck {
  const name = 'no connection, socket or timer is left';
  if (interrupted) return { name, outcome: 'skipped', text: 'interrupted' };
  const silent = url === null && leaked.clients === null;
  const clients = leaked.clients ?? (silent ? 'unknown, since the server did not say' : 'not visible');
  return check(name, !silent && !leaked.clients && !leaked.handles, `clients ${clients}, handles ${leaked.handles}`);
}

/** A run cannot be at fault for outages that this machine cannot make, so their absence is no failure. */
function outageChecks({ outages }: StabilityResult): RunCheck[] {
  if (!outages) return [];
  return [
    { name: 'the network has outages', outcome: outages.count > 0 ? 'passed' : 'skipped', text: outagesText(outages) },
  ];
}

function memoryChecks({ soak }: StabilityResult, limits: Thresholds): RunCheck[] {
  if (!soak) return [];
  const name = "the server's memory is steady";
  const { heapBytesPerConnection: slope } = limits;
  const grown = soak.bytesPerConnection;
  const seen = (read: 'heapBytes' | 'rssBytes') => Math.max(0, ...soak.rounds.map((round) => round[read] ?? 0));
  const size = (label: string, bytes: number, limit: number | undefined): RunCheck[] =>
    limit === undefined
      ? []
      : [
          bytes === 0
            ? { name: `${label} stays within ${limit} MiB`, outcome: 'failed', text: 'nothing was measured' }
            : check(
                `${label} stays within ${limit} MiB`,
                bytes <= limit * BYTES_PER_MIB,
                `${(bytes / BYTES_PER_MIB).toFixed(1)} MiB at most`,
              ),
        ];
  return [
    slope === undefined
      ? {
          name,
          outcome: soak.verdict === 'growing' ? 'failed' : soak.verdict === 'steady' ? 'passed' : 'skipped',
          text: soakSentence(soak),
        }
      : check(
          `the heap grows by at most ${slope} bytes per connection`,
          grown !== null && grown <= slope,
          soakSentence(soak),
        ),
    ...size('the heap', seen('heapBytes'), limits.heapMiB),
    ...size('resident memory', seen('rssBytes'), limits.rssMiB),
  ];
}

const NO_TIMES: Times = { p50: 0, p99: 0, max: 0 };

const closeLimits = ({ closeP50Ms, closeP99Ms, closeMaxMs }: TimeThresholds) => ({
  P50: closeP50Ms,
  P99: closeP99Ms,
  Max: closeMaxMs,
});

/** One check for each limit that is given. Where nothing was measured, a limit is not kept. */
function timeChecks(
  name: string,
  what: 'connect' | 'close',
  measured: boolean,
  times: Partial<Times>,
  limits: Partial<Record<'P50' | 'P99' | 'Max', number | undefined>>,
): RunCheck[] {
  return Object.entries(limits).flatMap(([which, limit]) => {
    if (limit === undefined) return [];
    const title = `${name}: ${what}${which}Ms at most ${limit}`;
    if (!measured) return [{ name: title, outcome: 'failed', text: 'nothing was measured' }];
    const ms = times[which.toLowerCase() as keyof Times] as number;
    return [check(title, ms <= limit, `${ms} ms`)];
  });
}

function check(name: string, passed: boolean, text: string): RunCheck {
  return { name, outcome: passed ? 'passed' : 'failed', text };
}

function most(name: string, count: number, limit: number, what: string): RunCheck {
  return check(name, count <= limit, `${count} ${what}${limit > 0 ? `, at most ${limit} allowed` : ''}`);
}

const withinShare = (part: number, whole: number, limit = 0): boolean => whole === 0 || part / whole <= limit;
const allowed = (limit: number | undefined): string =>
  limit === undefined ? '' : `, at most ${percent(limit)} allowed`;
/** A share as a text, to a hundredth of a per cent. */
export const percent = (share: number): string => `${Number((share * 100).toFixed(2))} %`;
