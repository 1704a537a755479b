/**
 * Where profiles are met: starts hosts and processes as they are needed, opens each profile's two connections, one to each
 * implementation, lets both begin at the same moment, and collects what the peers saw.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { certificate } from '../support/certificate.js';
import type { Make, News, Seen, Told } from './channel.js';
import { Endpoint, WinePrefix } from './endpoint.js';
import { type Cable, Network } from './network.js';
import { groupOf, type Profile } from './profile.js';
import { type Meeting, OBSERVED_MS, type Outcome } from './verdict.js';

const OPEN_MS = 30_000;
/** From 'all are open' to the first message or incident. */
const LEAD_MS = 300;
/** Payload under way at a time, of both implementations together; each byte is in memory two or three times. */
const MOST_BYTES = 800_000_000;

export interface ArenaOptions {
  windows: boolean;
  control: 'native' | 'portable';
  /** What is judged; 'plain' shows the noise of the test itself. */
  ours: Make;
}

type Side = 'reference' | 'judged';

interface Group {
  cable: Cable;
  peers: Endpoint;
  /** Incidents befall a whole group, so one batch of it runs at a time. */
  last: Promise<unknown>;
}

interface Case {
  id: string;
  profile: Profile;
  sender: Endpoint;
  peers: Endpoint;
}

export type Met = { profile: Profile; meeting: Meeting } | { profile: Profile; failure: string };

export class Arena {
  readonly #options: ArenaOptions;
  readonly #network = new Network();
  readonly #groups = new Map<string, Promise<Group>>();
  readonly #senders = new Map<string, Promise<Endpoint>>();
  readonly #prefixes = new Map<string, WinePrefix>();
  readonly #endpoints: Endpoint[] = [];
  #cases = 0;
  #bytes = 0;
  readonly #queue: (() => void)[] = [];

  constructor(options: ArenaOptions) {
    this.#options = options;
    process.once('exit', () => this.end());
  }

  /** Meets profiles of one group together. */
  async meet(profiles: readonly Profile[]): Promise<Met[]> {
    const [first] = profiles;
    if (!first) return [];
    const group = await this.#group(first);
    if (!first.incident) return this.#within(profiles, group);
    const met = group.last.then(() => this.#within(profiles, group));
    group.last = met.catch(() => {});
    return met;
  }

  async #within(profiles: readonly Profile[], group: Group): Promise<Met[]> {
    const bytes = Math.min(MOST_BYTES, 2 * profiles.reduce((sum, profile) => sum + profile.bytes, 0));
    await this.#acquire(bytes);
    try {
      return await this.#run(profiles, group);
    } finally {
      this.#bytes -= bytes;
      for (const next of this.#queue.splice(0)) next();
    }
  }

  async #acquire(bytes: number): Promise<void> {
    while (this.#bytes > 0 && this.#bytes + bytes > MOST_BYTES)
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#bytes += bytes;
  }

  async #run(profiles: readonly Profile[], group: Group): Promise<Met[]> {
    const pairs = await Promise.all(
      profiles.map(async (profile): Promise<{ profile: Profile } & ({ opened: Case[] } | { failure: string })> => {
        try {
          const open = [
            () => this.#open(profile, 'plain', group, 'reference'),
            () => this.#open(profile, this.#options.ours, group, 'judged'),
          ];
          // Neither is always the first.
          const isTurned = this.#cases % 4 >= 2;
          const opened = await Promise.all((isTurned ? open.reverse() : open).map((one) => one()));
          return { profile, opened: isTurned ? opened.reverse() : opened };
        } catch (error) {
          return { profile, failure: `could not connect: ${(error as Error).message}` };
        }
      }),
    );
    const incident = profiles[0]?.incident;
    // So that messages can also precede the incident.
    const lead = Math.max(0, ...profiles.map((profile) => profile.incident?.after ?? 0));
    const at = Date.now() + LEAD_MS + lead;
    const over = incident ? this.#befall(group, incident.kind, at, incident.ms) : Promise.resolve();
    const met = await Promise.all(
      pairs.map(async (pair): Promise<Met> => {
        if ('failure' in pair) return pair;
        try {
          const begin = at - (pair.profile.incident?.after ?? 0);
          const [plain, ours] = await Promise.all(pair.opened.map((one) => this.#observe(one, begin)));
          return { profile: pair.profile, meeting: { plain: plain as Outcome, ours: ours as Outcome } };
        } catch (error) {
          return { profile: pair.profile, failure: (error as Error).message };
        }
      }),
    );
    await over;
    return met;
  }

  async #open(profile: Profile, make: Make, { cable, peers }: Group, side: Side): Promise<Case> {
    const sender = await this.#sender(make, profile.wmem, side);
    const id = `${profile.id}/${++this.#cases}`;
    const [listener, connector, host] =
      profile.role === 'server' ? [sender, peers, cable.senderAddress] : [peers, sender, cable.peerAddress];
    listener.order({ do: 'listen', id, profile });
    const listening = (await listener.next('listening', id, OPEN_MS)) as Extract<News, { is: 'listening' }> | null;
    if (!listening) throw new Error(`${id}: no port after ${OPEN_MS} ms`);
    connector.order({ do: 'connect', id, profile, host, port: listening.port });
    const open = await Promise.all([listener.next('open', id, OPEN_MS), connector.next('open', id, OPEN_MS)]);
    if (open.includes(null)) throw new Error(`${id}: not open after ${OPEN_MS} ms`);
    return { id, profile, sender, peers };
  }

  async #observe({ id, profile, sender, peers }: Case, at: number): Promise<Outcome> {
    sender.order({ do: 'go', id, at });
    peers.order({ do: 'go', id, at });
    const left = at + profile.endAfter + OBSERVED_MS - Date.now();
    const [ended, told] = await Promise.all([peers.next('seen', id, left), sender.next('told', id, left)]);
    peers.order({ do: 'stop', id });
    const seen = ended ?? (await peers.next('seen', id, OPEN_MS));
    sender.order({ do: 'stop', id });
    for (const endpoint of [sender, peers]) endpoint.forget(id);
    if (!seen) throw new Error(`${id}: the peer does not answer`);
    const { toldMs = null, flushedMs = null } = (told ?? {}) as Partial<Told>;
    return { ...(seen as { seen: Seen }).seen, toldMs, flushedMs };
  }

  async #befall({ cable, peers }: Group, kind: 'outage' | 'stop', at: number, ms: number): Promise<void> {
    await delay(at - Date.now());
    if (kind === 'outage') this.#network.cut(cable);
    else peers.signal('SIGSTOP');
    await delay(at + ms - Date.now());
    if (kind === 'outage') this.#network.mend(cable);
    else peers.signal('SIGCONT');
  }

  #group(profile: Profile): Promise<Group> {
    const key = groupOf(profile);
    let group = this.#groups.get(key);
    if (!group) {
      const cable = this.#network.addPeerHost(profile.rmem, profile.wmem);
      group = Endpoint.start(cable.peerHost, 'peer.js').then(async (peers) => {
        await this.#introduce(peers);
        return { cable, peers, last: Promise.resolve() };
      });
      this.#groups.set(key, group);
    }
    return group;
  }

  /** Each side has a process of its own, also where both are plain ws. */
  #sender(make: Make, wmem: number, side: Side): Promise<Endpoint> {
    const key = `${side}/${wmem}`;
    let sender = this.#senders.get(key);
    if (!sender) {
      sender = this.#startSender(make, wmem);
      this.#senders.set(key, sender);
    }
    return sender;
  }

  async #startSender(make: Make, wmem: number): Promise<Endpoint> {
    const host = this.#network.senderHost(wmem);
    const args = [make, this.#options.control];
    let sender: Endpoint;
    if (this.#options.windows) {
      const prefix = this.#prefixes.get(host) ?? new WinePrefix(`prefix-${host}`);
      this.#prefixes.set(host, prefix);
      sender = await Endpoint.startWindows(host, prefix, 'sender.js', args);
    } else sender = await Endpoint.start(host, 'sender.js', args);
    await this.#introduce(sender);
    return sender;
  }

  async #introduce(endpoint: Endpoint): Promise<void> {
    this.#endpoints.push(endpoint);
    endpoint.order({ do: 'setup', ...(await certificate()) });
  }

  async close(): Promise<void> {
    await Promise.all(this.#endpoints.splice(0).map((endpoint) => endpoint.kill()));
    this.end();
  }

  /** For an exiting process, which cannot wait. */
  end(): void {
    for (const endpoint of this.#endpoints.splice(0)) void endpoint.kill();
    for (const prefix of this.#prefixes.values()) prefix.remove();
    this.#prefixes.clear();
    this.#network.remove();
  }
}
