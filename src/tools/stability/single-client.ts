/** A client in the run's own process, which ends its connection itself. */
import { performance } from 'node:perf_hooks';
import { Client, ownDelayMs } from './client';
import {
  addProblem,
  backoff,
  type ClientGroup,
  ECHO_TIMEOUT_TEXT,
  type RunContext,
  waitForServerEnd,
} from './client-group';
import type { ObservedEnd } from './expected-ends';
import type { PlannedConnection } from './plan';
import { Relay } from './relay';

export class SingleClient implements ClientGroup {
  readonly planned: readonly [PlannedConnection];
  readonly #context: RunContext;
  /** The client of the last attempt to connect. */
  #client: Client | null = null;
  /** The relay that carries the client's traffic in the scenario `cutoff`. */
  #relay: Relay | null = null;
  #open = false;

  constructor(context: RunContext, planned: PlannedConnection) {
    this.#context = context;
    this.planned = [planned];
  }

  /** Connects. With the option `reconnect`, a failed attempt is repeated with a growing delay until the timeout. */
  async open(one: PlannedConnection): Promise<void> {
    const { settings, results, cancellation } = this.#context;
    const deadline = performance.now() + settings.timeout;
    results.attempted++;
    for (let attempt = 0; ; attempt++) {
      try {
        results.connected(await cancellation.withTimeout(this.#connect(one), deadline - performance.now()));
        this.#open = true;
        return;
      } catch (error) {
        await this.stop();
        const wait = backoff(attempt);
        if (cancellation.cancelled) return;
        if (settings.reconnect === 0 || performance.now() + wait > deadline) {
          results.failedToOpen((error as Error).message, one.id);
          return;
        }
        await cancellation.sleep(wait);
      }
    }
  }

  /** Makes a new client. Resolves with how long it took to connect, in ms. */
  async #connect(one: PlannedConnection): Promise<number> {
    const { target, results, cancellation } = this.#context;
    // A cancelled run ends its connections itself, so those ends are no results.
    const events = {
      echoed: () => results.echoed++,
      closed: (end: ObservedEnd) => cancellation.cancelled || results.clientEnded(end),
    };
    const relay = one.scenario === 'cutoff' ? new Relay(target.url) : null;
    this.#relay = relay;
    await relay?.ready;
    this.#client = new Client(target, one, events, relay);
    return this.#client.connectMs;
  }

  async exchange(): Promise<void> {
    const { settings, cancellation } = this.#context;
    if (!this.#client || !this.#open || cancellation.cancelled) return;
    await cancellation
      .withTimeout(this.#client.exchange(settings.messages), settings.timeout)
      .catch(() => addProblem(this.#context, ECHO_TIMEOUT_TEXT, this.planned[0]));
  }

  async end(): Promise<void> {
    const { settings, serverProcess, results, cancellation } = this.#context;
    const [one] = this.planned;
    // Shows that a healthy connection still works while the others break.
    if (one.scenario === 'clean') await this.exchange();
    const client = this.#client;
    if (!client || !this.#open || cancellation.cancelled) return;
    const began = performance.now();
    const limit = settings.timeout + ownDelayMs(one);
    const finished = client.finish(serverProcess ? (backlog) => serverProcess.close(one.id, backlog) : null);
    await cancellation.withTimeout(finished, limit).catch(() => {});
    const atServer = waitForServerEnd(this.#context, one);
    if (one.scenario === 'stall' && serverProcess) {
      await atServer;
      client.abort();
    }
    const atClient = cancellation
      .withTimeout(client.ended, limit)
      .catch(() => addProblem(this.#context, `${one.scenario}: the client did not report the end in time`, one));
    await Promise.all([atServer, atClient]);
    if (cancellation.cancelled) return;
    results.closed(one.scenario, performance.now() - began);
    await this.stop();
  }

  reconnect([one]: readonly [PlannedConnection]): ClientGroup {
    return new SingleClient(this.#context, one);
  }

  judge(): void {
    if (!this.#client || !this.#open) return;
    const { serverProcess, results, settings, cancellation } = this.#context;
    const { planned, end, sent, received, backlogSent, backlogDelivered } = this.#client;
    const ended = end.closes > 0;
    if (ended) results.judge(planned, 'client', end);
    // Messages of an open connection may still arrive, and without echo no loss is visible.
    if (settings.echo) results.exchanged(sent, received, ended ? sent - received : 0);
    else results.exchanged(sent, 0, 0);
    if (ended || !cancellation.cancelled) {
      results.backlog(backlogSent, backlogDelivered);
      if (backlogDelivered < backlogSent) {
        addProblem(
          this.#context,
          `${planned.scenario}: some messages that were sent before the close did not arrive`,
          planned,
        );
      }
    }
    const atServer = planned.scenario === 'clean' ? serverProcess?.lastEnd(planned.id)?.received : undefined;
    if (atServer !== undefined && atServer !== sent) {
      addProblem(this.#context, `the client sent ${sent} messages, the server received ${atServer}`, planned);
    }
  }

  held(): number {
    return (this.#client?.holdsSocket ? 1 : 0) + (this.#relay?.held ?? 0);
  }

  async stop(): Promise<void> {
    await this.#client?.stop();
    this.#relay?.stop();
  }
}
