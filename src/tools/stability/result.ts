/** The result of a stability run, and how its parts are written for people. */
import type { OutageCounts } from './outages';
import type { Mix, Scenario } from './plan';
import type { Profile } from './profiles';
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

/** The connections of one scenario. */
export interface Ended {
  /** How many ended. */
  connections: number;
  /** How long it took until both sides had reported the end. */
  closeMs: Times;
}

/** The result of `runStability()`, and what `ws-linger stability --json` prints. */
export interface StabilityResult {
  /**
   * True only when every connection ended once, in time and as its scenario demands, no message was lost, no exception
   * was uncaught, and no connection, socket or timer was left.
   */
  pass: boolean;
  /** True when the run was cancelled. Then the result covers the run until that moment. */
  interrupted: boolean;
  /** The client side's `process.platform`. */
  platform: string;
  /** The client side's `process.version`. */
  node: string;
  /** How the server handles its sockets. `plain`: the server is plain ws. `foreign`: the run tested a server at a URL. */
  control: 'native' | 'portable' | 'plain' | 'foreign';
  /** The given URL without user name, password and query. Null when the run started the server. */
  url: string | null;
  /** How many connections the run attempted, how many opened, and how many failed to open. */
  connections: Record<'attempted' | 'opened' | 'failed', number>;
  /** How many of the attempted connections were reconnects. */
  reconnects: number;
  /** The numbered messages of all clients. */
  messages: {
    /** How many the clients sent. */
    sent: number;
    /** How many echoes arrived. */
    received: number;
    /** How many echoes are missing on connections that have ended. */
    lost: number;
    /** The `echo` option. Without echo, `received` and `lost` are 0, because no loss is visible. */
    echo: boolean;
  };
  /** Messages that the server sent to peers of `slow`, `pause` and `cutoff` before it closed, and how many arrived. */
  slowPeers: Record<'sent' | 'delivered', number>;
  /** How many ends of each kind both sides reported. An end without CloseInfo counts under its close code. */
  kinds: Record<string, number>;
  /** The same counts for each side. Killed clients and servers at a URL report nothing. */
  ends: Record<'server' | 'client', Record<string, number>>;
  /** Ends without a known cause: kind `unknown`, or code 1006 without CloseInfo. */
  unexplained: number;
  /** Uncaught exceptions in this process and in the server. */
  uncaught: number;
  /** Connections in the server's `clients`, and sockets and timers, that were left at the end. Null: not visible. */
  leaked: Record<'clients' | 'handles', number | null>;
  /** How long connections took to open. */
  connectMs: Pick<Times, 'p50' | 'p99'>;
  /** How long it took from the action that ends a connection until both sides had reported the end. */
  closeMs: Times;
  /** The connections of each scenario, and how long they took to end. */
  scenarios: Partial<Record<Scenario, Ended>>;
  /** A histogram of `closeMs`: each entry counts the times below `underMs` that no earlier entry counts. */
  closeHistogram: Record<'underMs' | 'count', number>[];
  /** The share of the attempted connections that ended as their scenario demands, from 0 to 1. */
  successRate: number;
  /** The `profile` option. Null: none. */
  profile: Profile | null;
  /** The outages of the network. Null: the run asked for none. */
  outages: OutageCounts | null;
  /** The `seed` option. With it and `mix`, the run can be repeated. */
  seed: number;
  /** The `mix` option. */
  mix: Mix;
  /** How many rounds the run had. */
  rounds: number;
  /** When the run began, in ISO 8601. */
  startedAt: string;
  /** How long the run took, in ms. */
  durationMs: number;
  /** At most 240 samples of the run's counts over time. */
  timeline: StabilitySample[];
  /** The verdict on leaks. Null without `duration`. */
  soak: Soak | null;
  /** What was wrong, in at most 20 sentences. Connections with the same problem share a sentence. */
  problems: string[];
}

const SERVERS = { native: 'ws-linger, native', portable: 'ws-linger, portable', plain: 'plain ws' } as const;

/** How many outages there were, or why there were none, as text. */
export function outagesText({ count, missing }: OutageCounts): string {
  return missing === null ? `${count} of the whole network` : `none: ${missing}`;
}

/** How many messages slow peers received, as text. */
export function slowPeersText({ slowPeers }: StabilityResult): string {
  return slowPeers.sent === 0 ? 'none' : `${slowPeers.delivered} of ${slowPeers.sent}`;
}

/** The name of the tested server, as text. */
export function serverName({ url, control }: StabilityResult): string {
  return url ?? (control === 'foreign' ? 'the server at the URL' : SERVERS[control]);
}
