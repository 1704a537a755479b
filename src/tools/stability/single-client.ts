/** A client in the run's own process, which is ended from inside. */
import { performance } from 'node:perf_hooks';
import { Client } from './client';
import type { End } from './expected';
import { backoff, NO_ECHO, type Party, problem, type Shared, serverEnd } from './party';
import type { Planned } from './plan';
import { Relay } from './relay';

export class SingleClient implements Party {
  readonly planned: readonly [Planned];
  readonly #shared: Shared;
  /** The last attempt. */
  #client: Client | null = null;
  /** What its traffic goes through, where it is to be cut off. */
  #relay: Relay | null = null;
  #open = false;

  constructor(shared: Shared, planned: Planned) {
    this.#shared = shared;
    this.planned = [planned];
  }

  /** A client that comes back tries again, later and later, for as long as opening may take. */
  async open(one: Planned): Promise<void> {
    const { settings, tally, waits } = this.#shared;
    const deadline = performance.now() + settings.timeout;
    tally.attempted++;
    for (let attempt = 0; ; attempt++) {
      try {
        tally.connected(await waits.inTime(this.#connect(one), deadline - performance.now()));
        this.#open = true;
        return;
      } catch (error) {
        await this.stop();
        const wait = backoff(attempt);
        if (waits.stopped) return;
        if (settings.reconnect === 0 || performance.now() + wait > deadline) {
          tally.failedToOpen((error as Error).message, one.id);
          return;
        }
        await waits.pause(wait);
      }
    }
  }

  /** Resolves with how long it took a new client to connect. */
  async #connect(one: Planned): Promise<number> {
    const { target, tally, waits } = this.#shared;
    // What a stopped run brings about itself is none of its results.
    const events = { echoed: () => tally.echoed++, closed: (end: End) => waits.stopped || tally.clientEnded(end) };
    const relay = one.scenario === 'cutoff' ? new Relay(target.url) : null;
    this.#relay = relay;
    await relay?.ready;
    this.#client = new Client(target, one, events, relay);
    return this.#client.connectMs;
  }

  async exchange(): Promise<void> {
    const { settings, waits } = this.#shared;
    if (!this.#client || !this.#open || waits.stopped) return;
    await waits
      .inTime(this.#client.exchange(settings.messages), settings.timeout)
      .catch(() => problem(this.#shared, NO_ECHO, this.planned[0]));
  }

  async end(): Promise<void> {
    const { settings, own, tally, waits } = this.#shared;
    const [one] = this.planned;
    // A healthy connection goes on working while those around it break.
    if (one.scenario === 'clean') await this.exchange();
    const client = this.#client;
    if (!client || !this.#open || waits.stopped) return;
    const began = performance.now();
    const finished = client.finish(own ? (backlog) => own.close(one.id, backlog) : null);
    await waits.inTime(finished, settings.timeout).catch(() => {});
    const atServer = serverEnd(this.#shared, one);
    if (one.scenario === 'stall' && own) {
      await atServer;
      client.abort();
    }
    const atClient = waits
      .inTime(client.ended, settings.timeout)
      .catch(() => problem(this.#shared, `${one.scenario}: the client's end did not come in time`, one));
    await Promise.all([atServer, atClient]);
    if (waits.stopped) return;
    tally.closed(one.scenario, performance.now() - began);
    await this.stop();
  }

  again([one]: readonly [Planned]): Party {
    return new SingleClient(this.#shared, one);
  }

  judge(): void {
    if (!this.#client || !this.#open) return;
    const { own, tally, settings, waits } = this.#shared;
    const { planned, end, sent, received, backlogSent, backlogDelivered } = this.#client;
    const ended = end.closes > 0;
    if (ended) tally.judge(planned, 'client', end);
    // Nothing is lost of what is still on its way, or of what nobody sends back.
    if (settings.echo) tally.exchanged(sent, received, ended ? sent - received : 0);
    else tally.exchanged(sent, 0, 0);
    if (ended || !waits.stopped) {
      tally.backlog(backlogSent, backlogDelivered);
      if (backlogDelivered < backlogSent) {
        problem(this.#shared, `${planned.scenario}: not all messages arrived that were sent before the close`, planned);
      }
    }
    const atServer = planned.scenario === 'clean' ? own?.lastEnd(planned.id)?.received : undefined;
    if (atServer !== undefined && atServer !== sent) {
      problem(this.#shared, `sent ${sent}, the server got ${atServer}`, planned);
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
