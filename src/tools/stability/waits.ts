/** Waits of a run: each is bounded, and all end at once when the run is stopped. */
export class Waits {
  #stopped = false;
  readonly #stops = new Set<() => void>();

  get stopped(): boolean {
    return this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
    for (const stop of this.#stops) stop();
  }

  /** As `promise`, but rejects when it takes longer than `ms`, with what to say of that, or when the run is stopped. */
  inTime<T>(promise: Promise<T>, ms: number, late = `nothing within ${Math.round(ms)} ms`): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const giveUp = (why: string) => () => settle(() => reject(new Error(why)));
      const stop = giveUp('stopped');
      const timer = setTimeout(giveUp(late), ms);
      const settle = (how: () => void) => {
        clearTimeout(timer);
        this.#stops.delete(stop);
        how();
      };
      this.#stops.add(stop);
      promise.then(
        (value) => settle(() => resolve(value)),
        (error) => settle(() => reject(error)),
      );
      if (this.#stopped) stop();
    });
  }

  /** Resolves after `ms`, or when the run is stopped. */
  async pause(ms: number): Promise<void> {
    await this.inTime(new Promise(() => {}), ms).catch(() => {});
  }
}
