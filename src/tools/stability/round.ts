/**
 * One round of a run: opens all planned connections, exchanges messages, ends each one as its scenario says, reconnects
 * clients where the options say so, and counts what is left.
 */
import { performance } from 'node:perf_hooks';
import { backoff, type ClientGroup, type RunContext } from './client-group';
import { KilledClients } from './killed-clients';
import type { PlannedConnection } from './plan';
import type { ServerStatus } from './server';
import type { ServerProcess } from './server-process';
import { SingleClient } from './single-client';
import type { SoakRound } from './soak';
import { SETTLE_TIMEOUT, waitUntilSettled } from './wait-until-settled';

/** How many connections open at the same time: fewer than the default listen backlog of every system. */
const OPENING_AT_ONCE = 100;
/** How many clients share one child process of the scenario `kill`. */
const CLIENTS_PER_PROCESS = 25;

export class Round {
  phase: 'open' | 'exchange' | 'end' = 'open';
  /** How many connections have completed the phase. */
  done = 0;
  readonly #context: RunContext;
  readonly #planned: readonly PlannedConnection[];
  /** All groups of the round, reconnected ones included. */
  readonly #groups: ClientGroup[];

  constructor(context: RunContext, planned: readonly PlannedConnection[]) {
    this.#context = context;
    this.#planned = planned;
    const killed = planned.filter(({ scenario }) => scenario === 'kill');
    this.#groups = [
      ...planned.filter(({ scenario }) => scenario !== 'kill').map((one) => new SingleClient(context, one)),
      ...chunks(killed, CLIENTS_PER_PROCESS).map((group) => new KilledClients(context, group)),
    ];
  }

  /** Runs the round. Resolves with what is left when all connections have ended. */
  async run(): Promise<Omit<SoakRound, 'atMs'>> {
    const { serverProcess, results } = this.#context;
    const groups = [...this.#groups];
    try {
      await this.#openAll(groups);
      await this.#each('exchange', groups, (group) => group.exchange());
      await this.#each('end', groups, (group) => group.end());
      const left = await this.#settle();
      // Ends are judged last, so that a second 'close' of any connection has been counted.
      for (const group of this.#groups) {
        group.judge();
        for (const one of group.planned) {
          const end = serverProcess?.lastEnd(one.id);
          if (end) results.judge(one, 'server', end);
        }
      }
      return left;
    } finally {
      await Promise.all(this.#groups.map((group) => group.stop()));
      serverProcess?.clearReports();
      results.endRound();
    }
  }

  /** Opens all connections in the order of the plan: `rate` per second, or else OPENING_AT_ONCE at a time. */
  async #openAll(groups: readonly ClientGroup[]): Promise<void> {
    const { settings, outages, cancellation } = this.#context;
    const { rate } = settings;
    await outages?.begin();
    const groupOf = new Map(groups.flatMap((group) => group.planned.map(({ id }) => [id, group])));
    const began = performance.now();
    const opening = new Set<Promise<void>>();
    for (const [i, one] of this.#planned.entries()) {
      if (rate) await cancellation.sleep(Math.max(0, began + (i * 1000) / rate - performance.now()));
      else if (opening.size >= OPENING_AT_ONCE) await Promise.race(opening);
      if (cancellation.cancelled) break;
      const opened = (groupOf.get(one.id) as ClientGroup).open(one).then(() => {
        this.done++;
        opening.delete(opened);
      });
      opening.add(opened);
    }
    await Promise.all(opening);
  }

  /** Runs one phase of all groups at the same time. A group whose connections have ended reconnects at once. */
  async #each(phase: 'exchange' | 'end', groups: readonly ClientGroup[], step: (group: ClientGroup) => Promise<void>) {
    this.phase = phase;
    this.done = 0;
    await this.#context.outages?.begin();
    await Promise.all(
      groups.map(async (group) => {
        await step(group);
        this.done += group.planned.length;
        if (phase === 'end') await this.#reconnect(group);
      }),
    );
  }

  async #reconnect(group: ClientGroup): Promise<void> {
    const { settings, results, cancellation } = this.#context;
    for (let time = 1; time <= settings.reconnect; time++) {
      await cancellation.sleep(backoff(0));
      if (cancellation.cancelled) return;
      const again = group.reconnect(group.planned.map((one) => ({ ...one, id: one.id + time * this.#planned.length })));
      this.#groups.push(again);
      results.reconnects += again.planned.length;
      await Promise.all(again.planned.map((one) => again.open(one)));
      await again.exchange();
      await again.end();
    }
  }

  /** Waits up to SETTLE_TIMEOUT for the last handles and timers to close, and returns what is left. */
  async #settle(): Promise<Omit<SoakRound, 'atMs'>> {
    const { serverProcess, results, cancellation } = this.#context;
    const deadline = performance.now() + SETTLE_TIMEOUT;
    await cancellation.withTimeout(waitUntilSettled(SETTLE_TIMEOUT), SETTLE_TIMEOUT).catch(() => {});
    for (;;) {
      const server = serverProcess && (await this.#askServer(serverProcess));
      const { clients = null, heapBytes = null, rssBytes = null, handles: atServer = 0 } = server ?? {};
      const handles = atServer + this.#groups.reduce((sum, group) => sum + group.held(), 0);
      if ((!clients && handles === 0) || performance.now() > deadline || cancellation.cancelled) {
        return { connections: results.ended, clients, handles, heapBytes, rssBytes };
      }
      await cancellation.sleep(20);
    }
  }

  /** Returns null when the server does not answer. That is a problem, because the server may still hold something. */
  async #askServer(serverProcess: ServerProcess): Promise<ServerStatus | null> {
    const { results, cancellation, settings } = this.#context;
    try {
      return await cancellation.withTimeout(serverProcess.status(), settings.timeout);
    } catch {
      if (!cancellation.cancelled) results.problem('the server did not report in time what it holds');
      return null;
    }
  }
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let i = 0; i < items.length; i += size) result.push(items.slice(i, i + size));
  return result;
}
