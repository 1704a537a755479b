/** One round of a run: all connections are opened, exchange messages, end in their ways, and come back if asked to. */
import { performance } from 'node:perf_hooks';
import { KilledClients } from './killed-clients';
import { backoff, type Party, type Shared } from './party';
import type { Planned } from './plan';
import type { ServerStatus } from './server';
import type { OwnServer } from './server-process';
import { nothingLingers, SETTLE } from './settled';
import { SingleClient } from './single-client';
import type { SoakRound } from './soak';

/** Connections opened at the same time, below every system's default backlog. */
const OPENING_AT_ONCE = 100;
const KILLED_TOGETHER = 25;

export class Round {
  phase: 'open' | 'exchange' | 'end' = 'open';
  /** Connections that have passed the phase. */
  done = 0;
  readonly #shared: Shared;
  readonly #planned: readonly Planned[];
  /** All that there have been. */
  readonly #parties: Party[];

  constructor(shared: Shared, planned: readonly Planned[]) {
    this.#shared = shared;
    this.#planned = planned;
    const killed = planned.filter(({ scenario }) => scenario === 'kill');
    this.#parties = [
      ...planned.filter(({ scenario }) => scenario !== 'kill').map((one) => new SingleClient(shared, one)),
      ...chunks(killed, KILLED_TOGETHER).map((group) => new KilledClients(shared, group)),
    ];
  }

  /** Resolves with what is left when all connections have ended. */
  async run(): Promise<Omit<SoakRound, 'atMs'>> {
    const { own, tally } = this.#shared;
    const parties = [...this.#parties];
    try {
      await this.#openAll(parties);
      await this.#each('exchange', parties, (party) => party.exchange());
      await this.#each('end', parties, (party) => party.end());
      const left = await this.#settle();
      // Ends are judged when all is over, so that a second 'close' of any of them has been counted.
      for (const party of this.#parties) {
        party.judge();
        for (const one of party.planned) {
          const end = own?.lastEnd(one.id);
          if (end) tally.judge(one, 'server', end);
        }
      }
      return left;
    } finally {
      await Promise.all(this.#parties.map((party) => party.stop()));
      own?.forget();
      tally.endRound();
    }
  }

  /** Opens all connections in the order of the plan: at the rate that was asked for, or some at a time. */
  async #openAll(parties: readonly Party[]): Promise<void> {
    const { settings, waits } = this.#shared;
    const { rate } = settings;
    const partyOf = new Map(parties.flatMap((party) => party.planned.map(({ id }) => [id, party])));
    const began = performance.now();
    const opening = new Set<Promise<void>>();
    for (const [i, one] of this.#planned.entries()) {
      if (rate) await waits.pause(Math.max(0, began + (i * 1000) / rate - performance.now()));
      else if (opening.size >= OPENING_AT_ONCE) await Promise.race(opening);
      if (waits.stopped) break;
      const opened = (partyOf.get(one.id) as Party).open(one).then(() => {
        this.done++;
        opening.delete(opened);
      });
      opening.add(opened);
    }
    await Promise.all(opening);
  }

  async #each(phase: 'exchange' | 'end', parties: readonly Party[], step: (party: Party) => Promise<void>) {
    this.phase = phase;
    this.done = 0;
    await Promise.all(
      parties.map(async (party) => {
        await step(party);
        this.done += party.planned.length;
        if (phase === 'end') await this.#comeBack(party);
      }),
    );
  }

  async #comeBack(party: Party): Promise<void> {
    const { settings, tally, waits } = this.#shared;
    for (let time = 1; time <= settings.reconnect; time++) {
      await waits.pause(backoff(0));
      if (waits.stopped) return;
      const again = party.again(party.planned.map((one) => ({ ...one, id: one.id + time * this.#planned.length })));
      this.#parties.push(again);
      tally.reconnects += again.planned.length;
      await Promise.all(again.planned.map((one) => again.open(one)));
      await again.exchange();
      await again.end();
    }
  }

  /** Waits, a bounded time, for the last handles and timers to go, and tells what stays. */
  async #settle(): Promise<Omit<SoakRound, 'atMs'>> {
    const { own, tally, waits } = this.#shared;
    const deadline = performance.now() + SETTLE;
    await waits.inTime(nothingLingers(SETTLE), SETTLE).catch(() => {});
    for (;;) {
      const server = own && (await this.#askServer(own));
      const { clients = null, heapBytes = null, rssBytes = null, handles: atServer = 0 } = server ?? {};
      const handles = atServer + this.#parties.reduce((sum, party) => sum + party.held(), 0);
      if ((!clients && handles === 0) || performance.now() > deadline || waits.stopped) {
        return { connections: tally.ended, clients, handles, heapBytes, rssBytes };
      }
      await waits.pause(20);
    }
  }

  /** Null, and a problem, when the server does not answer: what it holds is then not known to be nothing. */
  async #askServer(own: OwnServer): Promise<ServerStatus | null> {
    const { tally, waits, settings } = this.#shared;
    try {
      return await waits.inTime(own.status(), settings.timeout);
    } catch {
      if (!waits.stopped) tally.problem('the server did not say in time what it holds');
      return null;
    }
  }
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let i = 0; i < items.length; i += size) result.push(items.slice(i, i + size));
  return result;
}
