/** The clients of the scenario `kill`: a child process holds them, and the run kills it while they send. */
import { performance } from 'node:perf_hooks';
import { addProblem, type ClientGroup, ECHO_TIMEOUT_TEXT, type RunContext, waitForServerEnd } from './client-group';
import { ClientProcess } from './client-process';
import type { PlannedConnection } from './plan';

export class KilledClients implements ClientGroup {
  readonly planned: readonly PlannedConnection[];
  readonly #context: RunContext;
  readonly #process: ClientProcess;
  readonly #open: PlannedConnection[] = [];

  constructor(context: RunContext, planned: readonly PlannedConnection[]) {
    this.#context = context;
    this.planned = planned;
    this.#process = new ClientProcess(context.target);
  }

  async open(one: PlannedConnection): Promise<void> {
    const { settings, results, cancellation } = this.#context;
    results.attempted++;
    try {
      results.connected(await cancellation.withTimeout(this.#process.open(one), settings.timeout));
      this.#open.push(one);
    } catch (error) {
      if (!cancellation.cancelled) results.failedToOpen((error as Error).message, one.id);
    }
  }

  async exchange(): Promise<void> {
    const { settings, results, cancellation } = this.#context;
    try {
      const { sent, received } = await cancellation.withTimeout(
        this.#process.exchange(settings.messages),
        settings.timeout,
        ECHO_TIMEOUT_TEXT,
      );
      results.echoed += received;
      if (settings.echo) results.exchanged(sent, received, sent - received);
      else results.exchanged(sent, 0, 0);
    } catch (error) {
      for (const one of this.#open) addProblem(this.#context, (error as Error).message, one);
    }
  }

  async end(): Promise<void> {
    const { results, cancellation } = this.#context;
    if (cancellation.cancelled) return;
    const began = performance.now();
    await this.#process.kill();
    results.addEnded(this.#open.length);
    await Promise.all(
      this.#open.map(async (one) => {
        await waitForServerEnd(this.#context, one);
        if (!cancellation.cancelled) results.closed(one.scenario, performance.now() - began);
      }),
    );
  }

  reconnect(planned: readonly PlannedConnection[]): ClientGroup {
    return new KilledClients(this.#context, planned);
  }

  /** A killed process reports nothing that could be judged. */
  judge(): void {}

  held(): number {
    return 0;
  }

  stop(): Promise<void> {
    return this.#process.kill();
  }
}
