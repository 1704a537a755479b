/** A bounded number of samples, evenly spread over however long a run takes. */
const MAX_SAMPLES = 240;

export class Samples<T> {
  readonly kept: T[] = [];
  #every = 1;
  #count = 0;

  add(sample: T): void {
    if (this.#count++ % this.#every !== 0) return;
    this.kept.push(sample);
    if (this.kept.length < MAX_SAMPLES) return;
    this.#every *= 2;
    this.kept.splice(0, this.kept.length, ...this.kept.filter((_, i) => i % 2 === 0));
  }

  /** The end of a run is kept, wherever it falls. */
  addLast(sample: T): void {
    this.kept.push(sample);
  }
}
