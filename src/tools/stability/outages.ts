/** Takes the network away from all connections of a run, for a moment, again and again. */
import type { StabilitySettings } from './options';
import { OutageNetwork } from './outage-network';

/** From the beginning of one outage to that of the next. */
const EVERY_MS = 3_000;
/**
 * Short enough for a close that meets it to be complete within closeTimeout (2 s): TCP repeats what was lost after 0.2, 0.6 and
 * 1.4 s, and later where the round trips are slow.
 */
const LENGTH_MS = 700;

/** The outages of a run that asked for them. */
export interface OutageCounts {
  /** How many there were. */
  count: number;
  /** Why there were none. Null where the network could be taken away. */
  missing: string | null;
}

export class Outages {
  readonly network: OutageNetwork | null;
  readonly #missing: string | null;
  #count = 0;
  #cut = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;

  private constructor(network: OutageNetwork | null, missing: string | null) {
    this.network = network;
    this.#missing = missing;
  }

  /** Makes the network. Where that is impossible, there are no outages, and `counts` says why. */
  static async prepare(settings: StabilitySettings): Promise<Outages | null> {
    if (!settings.outages) return null;
    const missing = whyNoOutages(process.platform, process.getuid?.(), settings.url);
    if (missing !== null) return new Outages(null, missing);
    try {
      return new Outages(await OutageNetwork.make(), null);
    } catch (error) {
      return new Outages(null, `the network namespaces cannot be made: ${(error as Error).message.trim()}`);
    }
  }

  get counts(): OutageCounts {
    return { count: this.#count, missing: this.#missing };
  }

  /**
   * Begins an outage, unless there is one, and then one after another. Resolves when nothing gets through any more. The run calls
   * it at the beginning of each phase, so that opening, exchanging and ending all meet an outage.
   */
  async begin(): Promise<void> {
    const { network } = this;
    if (!network || this.#cut) return;
    clearTimeout(this.#timer);
    this.#cut = true;
    this.#count++;
    await network.cut().catch(() => {}); // without its router the network is gone, which the connections show
    if (!this.#stopped) this.#timer = setTimeout(() => this.#mend(network), LENGTH_MS);
  }

  /** Ends the outages and removes the network. The server must have exited. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.network?.remove();
  }

  async #mend(network: OutageNetwork): Promise<void> {
    this.#timer = setTimeout(() => this.begin(), EVERY_MS - LENGTH_MS);
    await network.mend().catch(() => {});
    this.#cut = false;
  }
}

/** Returns why a run cannot have outages, or null. */
export function whyNoOutages(platform: string, uid: number | undefined, url: string | undefined): string | null {
  if (url !== undefined) return 'only a server that the run starts can be put behind a network of its own';
  if (platform !== 'linux') return 'network namespaces need Linux';
  return uid === 0 ? null : 'network namespaces need root';
}
