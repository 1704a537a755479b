/** Keeps a bounded number of evenly spaced samples, however long a run takes. */
const MAX_SAMPLES = 240;

export class Samples<T> {
  readonly kept: T[] = [];
  #every = 1;
  #count = 0;

  /** Keeps every n-th sample. When the list is full it drops every second one and doubles n. */
  add(sample: T): void {
    if (this.#count++ % this.#every !== 0) return;
    this.kept.push(sample);
    if (this.kept.length < MAX_SAMPLES) return;
    this.#every *= 2;
    this.kept.splice(0, this.kept.length, ...this.kept.filter((_, i) => i % 2 === 0));
  }

  /** Keeps the last sample of a run even where it is not an n-th one. */
  addLast(sample: T): void {
    this.kept.push(sample);
  }
}
