/**
 * All sockets of this process that linger, those of other copies of this package included: visits them, and tells who waits for
 * them when there are none left.
 */
import type { Duplex } from 'node:stream';
import type { Lingered } from '../close-info';
import { sharedValue } from '../copies';
import { now, stopTimer } from '../liveness/clock';
import { inSharedContext } from '../liveness/timers';
import { setTimeout } from '../real-timers';
import type { LingerCap } from './linger-cap';

/** Lingering sockets are visited this often, in ms, and at their deadlines. */
const VISIT_MS = 1_000;

/** Whose connections these are: told of each that begins and ceases to linger. */
export interface LingerOwner {
  /** Null where as many may linger as do. */
  readonly lingerCap: LingerCap | null;
  lingers(): void;
  lingered(end: Lingered, stream: Duplex): void;
}

export interface LingeringSocket {
  readonly owner: LingerOwner;
  visit(at: number): void;
  /** Bytes that wait above the kernel. */
  unsent(): number;
  /** From now on it has to be gone by then, or sooner. */
  shorten(deadlineAt: number): void;
  /** To be called when its server may be closing, which is not to wait for it. */
  leaveServer(): void;
}

class LingeringSockets {
  readonly #sockets = new Set<LingeringSocket>();
  /** How many there are of each owner, and under null of all owners together. */
  readonly #counts = new Map<LingerOwner | null, number>();
  /** Who waits until there are none of an owner. */
  readonly #resolvers = new Map<LingerOwner | null, (() => void)[]>();
  /** Those that have something left to write: they keep the process alive. */
  readonly #unflushed = new Set<LingeringSocket>();
  #timer: NodeJS.Timeout | undefined;

  has(socket: LingeringSocket): boolean {
    return this.#sockets.has(socket);
  }

  /** Adds one that has something left to write. */
  add(socket: LingeringSocket): void {
    this.#sockets.add(socket);
    this.#unflushed.add(socket);
    for (const key of [socket.owner, null]) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    if (this.#sockets.size === 1) inSharedContext(() => this.#startTimer());
    this.#holdProcess();
  }

  /** How many there are, and how many bytes wait in all of them. */
  read(): { sockets: number; bytes: number } {
    let bytes = 0;
    for (const socket of this.#sockets) bytes += socket.unsent();
    return { sockets: this.#sockets.size, bytes };
  }

  flushed(socket: LingeringSocket): void {
    this.#unflushed.delete(socket);
    this.#holdProcess();
  }

  /** Tells those who wait, too, in a later turn; false where it has been removed before. */
  remove(socket: LingeringSocket): boolean {
    if (!this.#sockets.delete(socket)) return false;
    this.flushed(socket);
    for (const key of [socket.owner, null]) {
      const count = (this.#counts.get(key) ?? 0) - 1;
      this.#counts.set(key, count);
      if (count > 0) continue;
      this.#counts.delete(key);
      for (const resolve of this.#resolvers.get(key) ?? []) resolve();
      this.#resolvers.delete(key);
    }
    return true;
  }

  shorten(owner: LingerOwner, deadlineAt: number): void {
    for (const socket of this.#sockets) if (socket.owner === owner) socket.shorten(deadlineAt);
  }

  readonly leaveServers = (): void => {
    for (const socket of this.#sockets) socket.leaveServer();
  };

  /** Resolves when no socket of this owner lingers any more, or none at all. Until then it keeps the process alive. */
  ended(owner: LingerOwner | null): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#counts.has(owner)) return resolve();
      this.#resolvers.set(owner, [...(this.#resolvers.get(owner) ?? []), resolve]);
      this.#holdProcess();
    });
  }

  #startTimer(): void {
    stopTimer(this.#timer);
    this.#timer = setTimeout(() => this.#visitAll(), VISIT_MS);
    this.#holdProcess();
  }

  #visitAll(): void {
    const at = now();
    try {
      for (const socket of this.#sockets) socket.visit(at);
    } finally {
      if (this.#sockets.size > 0) this.#startTimer();
    }
  }

  /** Sockets keep the process alive by themselves while they write; other streams may not, nor does a promise of settled(). */
  #holdProcess(): void {
    if (this.#unflushed.size > 0 || this.#resolvers.size > 0) this.#timer?.ref();
    else this.#timer?.unref();
  }
}

export const lingeringSockets = sharedValue('lingering', () => new LingeringSockets());

/**
 * Resolves when no socket of this process goes on delivering after its WebSocket was closed: what was sent has then been
 * taken by the peers, or given up. For programs that call `process.exit()` once their WebSockets are closed, since what still
 * waits above the kernel dies with the process. Sockets that begin to linger meanwhile are waited for too. Each is gone by its
 * `closeDeadline`.
 */
export function settled(): Promise<void> {
  return lingeringSockets.ended(null);
}
