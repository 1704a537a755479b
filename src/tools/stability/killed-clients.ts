/** Clients in a process of their own, which is killed in the middle of its work. */
import { performance } from 'node:perf_hooks';
import { NO_ECHO, type Party, problem, type Shared, serverEnd } from './party';
import type { Planned } from './plan';
import { VictimProcess } from './victim-process';

export class KilledClients implements Party {
  readonly planned: readonly Planned[];
  readonly #shared: Shared;
  readonly #process: VictimProcess;
  readonly #open: Planned[] = [];

  constructor(shared: Shared, planned: readonly Planned[]) {
    this.#shared = shared;
    this.planned = planned;
    this.#process = new VictimProcess(shared.target);
  }

  async open(one: Planned): Promise<void> {
    const { settings, tally, waits } = this.#shared;
    tally.attempted++;
    try {
      tally.connected(await waits.inTime(this.#process.open(one), settings.timeout));
      this.#open.push(one);
    } catch (error) {
      if (!waits.stopped) tally.failedToOpen((error as Error).message, one.id);
    }
  }

  async exchange(): Promise<void> {
    const { settings, tally, waits } = this.#shared;
    try {
      const { sent, received } = await waits.inTime(
        this.#process.exchange(settings.messages),
        settings.timeout,
        NO_ECHO,
      );
      tally.echoed += received;
      if (settings.echo) tally.exchanged(sent, received, sent - received);
      else tally.exchanged(sent, 0, 0);
    } catch (error) {
      for (const one of this.#open) problem(this.#shared, (error as Error).message, one);
    }
  }

  async end(): Promise<void> {
    const { tally, waits } = this.#shared;
    if (waits.stopped) return;
    const began = performance.now();
    await this.#process.kill();
    tally.gone(this.#open.length);
    await Promise.all(
      this.#open.map(async (one) => {
        await serverEnd(this.#shared, one);
        if (!waits.stopped) tally.closed(one.scenario, performance.now() - began);
      }),
    );
  }

  again(planned: readonly Planned[]): Party {
    return new KilledClients(this.#shared, planned);
  }

  /** The dead tell nothing. */
  judge(): void {}

  held(): number {
    return 0;
  }

  stop(): Promise<void> {
    return this.#process.kill();
  }
}
