/** Limits how many sockets of one server linger at once, and how many bytes wait in them: the oldest is cut first. */

/** A lingering socket, as the cap sees it. */
export interface Capped {
  /** Bytes that wait above the kernel. */
  unsent(): number;
  /** Ends it as its deadline would. */
  cutNow(): void;
}

export interface Cap {
  sockets: number;
  bytes: number;
}

export class LingerCap {
  readonly #cap: Cap;
  /** The bytes of each socket when it was looked at last, oldest socket first. */
  readonly #sockets = new Map<Capped, number>();
  #bytes = 0;

  constructor(cap: Cap) {
    this.#cap = cap;
  }

  add(socket: Capped): void {
    this.#sockets.set(socket, 0);
    this.update(socket);
    for (const [oldest] of this.#sockets) {
      if (this.#sockets.size <= this.#cap.sockets && this.#bytes <= this.#cap.bytes) return;
      this.remove(oldest);
      oldest.cutNow();
    }
  }

  /** To be called now and then, since less waits as the peer takes of it. */
  update(socket: Capped): void {
    const before = this.#sockets.get(socket);
    if (before === undefined) return;
    const bytes = socket.unsent();
    this.#sockets.set(socket, bytes);
    this.#bytes += bytes - before;
  }

  remove(socket: Capped): void {
    this.#bytes -= this.#sockets.get(socket) ?? 0;
    this.#sockets.delete(socket);
  }
}
