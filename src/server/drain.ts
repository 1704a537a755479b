import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { CLOSE_KINDS, type CloseKind } from '../close-info';
import { connectionOf } from '../connection/connection';
import type { Group } from '../connection/group';
import { lingeringSockets } from '../connection/lingering-sockets';
import { afterPoll, now } from '../liveness/clock';
import { type Check, checkAll, MAX_TIMER, milliseconds, outOfRange, wrongType } from '../options';
import type { UpstreamServer } from '../upstream';
import type { Guard } from './guard';

/** Options of `wss.drain()`. */
export interface DrainOptions {
  /**
   * The close code: 1001 (going away) or 1012 (service restart), or any that `close()` takes.
   * @defaultValue 1001
   */
  code?: number;
  /**
   * The close reason, of at most 123 bytes.
   * @defaultValue ''
   */
  reason?: string;
  /**
   * Connections that are not closed after this long are cut, and so are sockets that go on delivering after their WebSockets
   * were closed: the system has the rest, and FIN behind it. In ms, a positive integer.
   * @defaultValue 10000, and `spread` on top of it
   */
  timeout?: number;
  /**
   * The closes are spread evenly over this time, so that clients do not all come back at once. In ms, less than `timeout`.
   * @defaultValue 0
   */
  spread?: number;
}

const CHECKS: Record<keyof DrainOptions, Check> = {
  code: closeCode,
  reason: closeReason,
  timeout: milliseconds,
  spread: (name, value) => value === 0 || milliseconds(name, value),
};

export function parseDrainOptions(options: unknown = {}): DrainOptions {
  const own = checkAll<DrainOptions>('drain', options, CHECKS);
  const { spread = 0, timeout = Number.POSITIVE_INFINITY } = own;
  if (spread >= timeout) throw outOfRange(`drain.spread must be less than drain.timeout, not ${spread}`);
  return own;
}

/** RFC 6455 §7.4: the codes that may be sent. */
function closeCode(name: string, value: unknown): void {
  if (typeof value !== 'number') throw wrongType(name, 'a close code', value);
  const defined = value >= 1000 && value <= 1014 && ![1004, 1005, 1006].includes(value);
  if (!Number.isInteger(value) || !(defined || (value >= 3000 && value <= 4999)))
    throw outOfRange(`${name} must be a close code that may be sent, not ${value}`);
}

/** RFC 6455 §5.5: a control frame holds 125 bytes, two of which are the code. */
function closeReason(name: string, value: unknown): void {
  if (typeof value !== 'string') throw wrongType(name, 'a string', value);
  if (Buffer.byteLength(value) > 123) throw outOfRange(`${name} must be at most 123 bytes long`);
}

/** After the deadline what does not end is left behind, a connection whose listener has thrown for example, in ms. */
const GRACE_MS = 1_000;

/** Pause between two batches of closes, in ms. */
const BATCH_MS = 10;

/** What is drained. */
export interface DrainTarget {
  readonly wss: UpstreamServer;
  readonly group: Group;
  /** The HTTP server where it was made by the WebSocketServer, with the connections that are no WebSockets yet. */
  readonly own: { server: Server; guard: Guard } | null;
}

/** The drain of one server, from the call until the last connection has ended. */
export class Drain {
  /** How many connections ended meanwhile, by kind. */
  readonly done: Promise<Record<CloseKind, number>>;
  readonly #target: DrainTarget;
  readonly #code: number;
  readonly #reason: string;
  readonly #unclosed: Iterator<object>;
  #left: number;
  readonly #closes: Promise<unknown>[] = [];
  #spreadUntil: number;
  #deadlineAt: number;
  #deadline: NodeJS.Timeout | undefined;
  #bound: NodeJS.Timeout | undefined;
  #giveUp = () => {};
  #isOver = false;
  readonly #before: Record<CloseKind, number>;

  constructor(
    target: DrainTarget,
    { code = 1001, reason = '', spread = 0, timeout = Math.min(spread + 10_000, MAX_TIMER) }: DrainOptions,
  ) {
    const at = now();
    this.#target = target;
    this.#code = code;
    this.#reason = reason;
    this.#spreadUntil = at + spread;
    this.#deadlineAt = at + timeout;
    const clients = [...(target.wss.clients ?? target.group.tracked ?? [])];
    this.#left = clients.length;
    this.#unclosed = clients.values();
    // Upgrade requests that were under way may still become connections.
    target.group.onOpened = (ws) => afterPoll(() => this.#close(ws));
    this.#before = { ...target.group.metrics.read().ended };
    this.done = Promise.race([this.#run(), new Promise<void>((resolve) => (this.#giveUp = resolve))]).then(() =>
      this.#finish(),
    );
  }

  /** Applies the limits that are given, where they end the drain sooner. */
  shorten({ spread, timeout }: DrainOptions): void {
    const at = now();
    if (spread !== undefined) this.#spreadUntil = Math.min(this.#spreadUntil, at + spread);
    if (timeout === undefined || at + timeout >= this.#deadlineAt) return;
    this.#deadlineAt = at + timeout;
    this.#spreadUntil = Math.min(this.#spreadUntil, this.#deadlineAt);
    this.#armDeadline();
    lingeringSockets.shorten(this.#target.group, this.#deadlineAt);
    for (const ws of this.#target.wss.clients ?? this.#target.group.tracked ?? []) {
      if ((ws as { readyState?: number }).readyState === 2) this.#close(ws);
    }
  }

  /** Answers 503 (RFC 9110 §15.6.4). A client that comes back after the deadline finds the next server, or a refused port. */
  refuse(socket: Duplex): true {
    const seconds = Math.max(1, Math.ceil((this.#deadlineAt - now()) / 1_000));
    socket.on('error', () => socket.destroy());
    socket.once('finish', () => socket.destroy());
    socket.end(
      `HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: ${seconds}\r\nContent-Length: 0\r\n\r\n`,
    );
    return true;
  }

  async #run(): Promise<void> {
    const { wss, group, own } = this.#target;
    this.#armDeadline();
    lingeringSockets.shorten(group, this.#deadlineAt);
    await this.#closeAll();
    // A connection that opens late adds a close while others are awaited.
    for (let seen = 0; seen < this.#closes.length; ) {
      seen = this.#closes.length;
      await Promise.all(this.#closes);
    }
    await new Promise<void>((resolve) => {
      wss.close(() => resolve());
      (own?.server as { closeIdleConnections?(): void } | undefined)?.closeIdleConnections?.();
      // Covers a connection that was accepted a moment ago, too.
      this.#armDeadline();
    });
    await lingeringSockets.ended(group);
  }

  #finish(): Record<CloseKind, number> {
    this.#isOver = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#bound);
    const { ended } = this.#target.group.metrics.read();
    const counts = CLOSE_KINDS.map((kind) => [kind, ended[kind] - this.#before[kind]]);
    return Object.fromEntries(counts) as Record<CloseKind, number>;
  }

  /** Closes the connections in batches of equal size, so that the last one is closed when the spread is over. */
  async #closeAll(): Promise<void> {
    while (this.#left > 0) {
      const steps = Math.max(1, Math.ceil((this.#spreadUntil - now()) / BATCH_MS));
      for (let batch = Math.ceil(this.#left / steps); batch > 0; batch--, this.#left--) {
        this.#close(this.#unclosed.next().value);
      }
      if (this.#left > 0) await new Promise((resolve) => setTimeout(resolve, BATCH_MS));
    }
  }

  #close(ws: object): void {
    const within = Math.max(1, this.#deadlineAt - now());
    const connection = connectionOf(ws);
    if (connection) this.#closes.push(connection.closeAsync(this.#code, this.#reason, { policy: 'drain', within }));
  }

  /** Ends, at the deadline, what has no closing handshake: HTTP requests and upgrades that are under way. */
  #armDeadline(): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#bound);
    if (this.#isOver) return;
    const bound = Math.max(0, this.#deadlineAt - now()) + GRACE_MS;
    this.#bound = setTimeout(() => this.#giveUp(), Math.min(bound, MAX_TIMER));
    const { own } = this.#target;
    if (!own) return;
    this.#deadline = setTimeout(
      () => {
        (own.server as { closeAllConnections?(): void }).closeAllConnections?.();
        for (const socket of own.guard.upgrading) socket.destroy();
      },
      Math.max(1, this.#deadlineAt - now()),
    );
  }
}
