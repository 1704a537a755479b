/** Bounds every wait of a stability run, and ends all of them at once when the run is cancelled. */
export class Cancellation {
  #cancelled = false;
  readonly #listeners = new Set<() => void>();

  get cancelled(): boolean {
    return this.#cancelled;
  }

  cancel(): void {
    this.#cancelled = true;
    for (const listener of this.#listeners) listener();
  }

  /** Settles as `promise` does. Rejects with `message` after `ms`, and at once when the run is cancelled. */
  withTimeout<T>(promise: Promise<T>, ms: number, message = `timed out after ${Math.round(ms)} ms`): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const rejectWith = (why: string) => () => settle(() => reject(new Error(why)));
      const onCancel = rejectWith('the run was cancelled');
      const timer = setTimeout(rejectWith(message), ms);
      const settle = (how: () => void) => {
        clearTimeout(timer);
        this.#listeners.delete(onCancel);
        how();
      };
      this.#listeners.add(onCancel);
      promise.then(
        (value) => settle(() => resolve(value)),
        (error) => settle(() => reject(error)),
      );
      if (this.#cancelled) onCancel();
    });
  }

  /** Resolves after `ms`, or when the run is cancelled. */
  async sleep(ms: number): Promise<void> {
    await this.withTimeout(new Promise(() => {}), ms).catch(() => {});
  }
}
