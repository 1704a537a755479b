/** What the process under test holds. */
import net from 'node:net';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import v8 from 'node:v8';
import Upstream from 'ws-upstream';
import { systemHandles } from '../support/system-handles.js';
import type { Sample } from './messages.js';

const Timeout = (() => {
  const timer = setTimeout(() => {}, 0);
  clearTimeout(timer);
  return timer.constructor;
})();

/** Counts the objects of a class on the heap. It collects garbage first. */
const objects = (of: unknown): number => (v8 as unknown as Inspecting).queryObjects(of, { format: 'count' });

interface Inspecting {
  queryObjects(of: unknown, options: { format: 'count' }): number;
}

/** What keeps the process alive, the watch over the event loop left out. */
export const handles = () => process.getActiveResourcesInfo().filter((name) => name !== 'IntervalHistogram');

export class Measure {
  readonly #began = performance.now();
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: 10 });

  /** From here on the event loop is watched. */
  resume(): void {
    this.#delay.reset();
    this.#delay.enable();
  }

  async sample(counted: Pick<Sample, 'ends' | 'connections' | 'lingering'>): Promise<Sample> {
    const stall = Math.round(this.#delay.max / 1e6);
    this.#delay.disable();
    for (let turn = 0; turn < 5; turn++) {
      await new Promise(setImmediate);
      globalThis.gc?.();
    }
    return {
      seconds: Math.round((performance.now() - this.#began) / 1_000),
      ...counted,
      heap: process.memoryUsage().heapUsed,
      rss: process.memoryUsage.rss(),
      handles: handles().length,
      timers: objects(Timeout),
      sockets: objects(net.Socket),
      webSockets: objects(Upstream),
      descriptors: systemHandles(),
      stall,
    };
  }
}
