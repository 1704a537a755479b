/** What comes out of a stability run. */
import type { Mix, Scenario } from './plan';
import type { Soak } from './soak';
import type { StabilitySample } from './timeline';

/** A distribution of times, in ms. */
export interface Times {
  /** The median. */
  p50: number;
  /** The 99th percentile. */
  p99: number;
  /** The longest. */
  max: number;
}

/** Connections that were ended in the same way. */
export interface Ended {
  /** How many there were. */
  connections: number;
  /** How long they took to end. */
  closeMs: Times;
}

/** What `runStability()` resolves with, and what `ws-linger stability --json` prints. */
export interface StabilityResult {
  /** True only when every connection ended once, in time and as it should, and nothing was lost, thrown or left. */
  pass: boolean;
  /** True when it was ended before its time; what had been seen until then is told. */
  interrupted: boolean;
  /** As `process.platform`. */
  platform: string;
  /** As `process.version`. */
  node: string;
  /** What the server's sockets are handled by; `plain` for plain ws, `foreign` for a server that is not ours. */
  control: 'native' | 'portable' | 'plain' | 'foreign';
  /** The server that was given, without what might be secret in its address; null for one that was started. */
  url: string | null;
  /** How many connections were begun, how many of them opened, and how many did not. */
  connections: Record<'attempted' | 'opened' | 'failed', number>;
  /** How many of them were clients that came back. */
  reconnects: number;
  /** Numbered messages. */
  messages: {
    /** Sent by all clients. */
    sent: number;
    /** Come back. */
    received: number;
    /** Never come back, of connections that have ended. */
    lost: number;
    /** The `echo` option; without it nothing comes back, so that no loss can be seen. */
    echo: boolean;
  };
  /** Messages that were sent to slow, pausing and cut-off peers just before the close, and how many arrived there. */
  slowPeers: Record<'sent' | 'delivered', number>;
  /** Ends by kind, both sides counted; `1006` and other codes for ends that have no kind. */
  kinds: Record<string, number>;
  /** The same for each side. A killed client tells nothing, a server that is not ours neither. */
  ends: Record<'server' | 'client', Record<string, number>>;
  /** Ends whose cause nobody can tell: of kind `unknown`, or 1006 and nothing more. */
  unexplained: number;
  /** Errors that nobody caught, here and in the server. */
  uncaught: number;
  /** What is left at the end, connections in `clients`, and sockets and timers; null where it cannot be seen. */
  leaked: Record<'clients' | 'handles', number | null>;
  /** How long connections took to open. */
  connectMs: Pick<Times, 'p50' | 'p99'>;
  /** From what was done to a connection until both sides had ended it. */
  closeMs: Times;
  /** For each way in which connections were ended, how many there were and how long they took to end. */
  scenarios: Partial<Record<Scenario, Ended>>;
  /** How many connections took how many ms to end: each entry counts those from the last one's `underMs` to its own. */
  closeHistogram: Record<'underMs' | 'count', number>[];
  /** Share of the attempted connections that ended as they should. */
  successRate: number;
  /** The `seed` option, */
  seed: number;
  /** and the `mix` option: with both the run can be repeated. */
  mix: Mix;
  /** How many times all connections were opened and ended. */
  rounds: number;
  /** When it began, in ISO 8601. */
  startedAt: string;
  /** How long it took, in ms. */
  durationMs: number;
  /** How it went on, in at most 240 samples. */
  timeline: StabilitySample[];
  /** What the server held from round to round; null without `duration`. */
  soak: Soak | null;
  /** What was wrong, in at most 20 sentences; of what many connections have in common there is one. */
  problems: string[];
}

const SERVERS = { native: 'ws-linger, native', portable: 'ws-linger, portable', plain: 'plain ws' } as const;

/** Whether slow peers got what they were sent, in words. */
export function slowPeersText({ slowPeers }: StabilityResult): string {
  return slowPeers.sent === 0 ? 'none' : `${slowPeers.delivered} of ${slowPeers.sent}`;
}

/** What was tested, in words. */
export function serverOf({ url, control }: StabilityResult): string {
  return url ?? (control === 'foreign' ? 'the server given' : SERVERS[control]);
}
