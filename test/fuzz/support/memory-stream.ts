import { Duplex } from 'node:stream';

/** One end of a connection in memory: what is pushed is read from it, and what is written to it is kept. */
export class MemoryStream extends Duplex {
  readonly #chunks: Buffer[] = [];
  readonly #onWrite: (chunk: Buffer) => void;

  constructor(onWrite: (chunk: Buffer) => void = () => {}) {
    super();
    this.#onWrite = onWrite;
  }

  get written(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  forgetWritten(): void {
    this.#chunks.length = 0;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.#chunks.push(chunk);
    this.#onWrite(chunk);
    done();
  }

  override _final(done: () => void): void {
    done();
  }
}

/** How the peer's side of a connection ends: by FIN, or by RST. */
export function endStream(stream: Duplex, how: 'fin' | 'reset'): void {
  if (stream.destroyed) return;
  if (how === 'fin') stream.push(null);
  else {
    const error = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', errno: -104, syscall: 'read' });
    stream.destroy(error);
  }
}
