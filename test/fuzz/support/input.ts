/** Reads decisions and text from the bytes that the fuzzer makes. Reads zeros behind their end, so that every input means something. */
export class Input {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isOver(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  flag(): boolean {
    return this.byte() % 2 === 1;
  }

  pick<T>(...values: readonly T[]): T {
    return values[this.byte() % values.length] as T;
  }

  /** At most 255 bytes, as UTF-8. */
  text(): string {
    return this.take(this.byte()).toString();
  }

  take(length: number): Buffer {
    const from = this.#at;
    this.#at = Math.min(this.#bytes.length, from + length);
    return this.#bytes.subarray(from, this.#at);
  }

  rest(): Buffer {
    return this.take(this.#bytes.length);
  }

  /** An eight-byte floating-point number, of any kind. */
  double(): number {
    const bytes = Buffer.alloc(8);
    this.take(8).copy(bytes);
    return bytes.readDoubleLE();
  }
}
