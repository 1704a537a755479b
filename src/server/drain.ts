import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { type AbortSignalLike, abortSignal } from '../abort-signal';
import { CLOSE_KINDS, type CloseKind } from '../close-info';
import { closeCode, closeReason } from '../close-options';
import { connectionOf } from '../connection/connection';
import type { Group } from '../connection/group';
import { lingeringSockets } from '../connection/lingering-sockets';
import { currentTimers, now, reached, stopTimer } from '../liveness/clock';
import { type Check, checkAll, MAX_TIMER, milliseconds, outOfRange } from '../options';
import type { UpstreamServer } from '../upstream';
import { clientsOf } from './all-servers';
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
   * @defaultValue 10000, and `notice` and `spread` on top of it
   */
  timeout?: number;
  /**
   * The first connection is closed after this long. Meanwhile `ready` is false, new upgrade requests are refused, and the
   * application, which the event 'draining' has told, can say farewell to its clients. In ms, an integer from 0, less than `timeout`.
   * @defaultValue 0
   */
  notice?: number;
  /**
   * The closes are spread evenly over this time, so that clients do not all come back at once. In ms, an integer from 0; with
   * `notice` less than `timeout`.
   * @defaultValue 0
   */
  spread?: number;
  /**
   * Ends the waiting: the promise rejects with the signal's reason, and the drain goes on until its deadline. With a signal that is
   * aborted already nothing is drained. To end a drain sooner, call `drain({ notice: 0, spread: 0, timeout: 1 })`.
   */
  signal?: AbortSignalLike;
}

const timeFrom0: Check = (name, value) => value === 0 || milliseconds(name, value);

const CHECKS: Record<keyof DrainOptions, Check> = {
  code: closeCode,
  reason: closeReason,
  timeout: milliseconds,
  notice: timeFrom0,
  spread: timeFrom0,
  signal: abortSignal,
};

export function parseDrainOptions(options: unknown = {}): DrainOptions {
  return parse(options, CHECKS);
}

/** Nobody waits for the drain of a signal. */
export function parseSignalDrainOptions(options: unknown = {}): Omit<DrainOptions, 'signal'> {
  const { signal: _, ...checks } = CHECKS;
  return parse(options, checks as typeof CHECKS);
}

function parse(options: unknown, checks: typeof CHECKS): DrainOptions {
  const own = checkAll<DrainOptions>('drain', options, checks);
  const { notice = 0, spread = 0, timeout = Number.POSITIVE_INFINITY } = own;
  if (notice + spread >= timeout) {
    const given = notice > 0 ? 'drain.notice and drain.spread together' : 'drain.spread';
    throw outOfRange(`${given} must be less than drain.timeout, not ${notice + spread}`);
  }
  return own;
}

/** After the deadline what does not end is left behind, a connection whose listener has thrown for example, in ms. */
const GRACE_MS = 1_000;

/** The shortest pause between two batches of closes, in ms. */
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
  readonly #closes: Promise<unknown>[] = [];
  readonly #timers = currentTimers();
  #noticeUntil: number;
  #wake = () => {};
  #spread: number;
  /** When the last connection is closed; known once the first one is. */
  #spreadUntil = Number.POSITIVE_INFINITY;
  #deadlineAt: number;
  #deadline: NodeJS.Timeout | undefined;
  #bound: NodeJS.Timeout | undefined;
  #giveUp = () => {};
  #start = () => {};
  #isOver = false;
  readonly #before: Record<CloseKind, number>;

  /** From now on upgrade requests are refused. */
  constructor(
    target: DrainTarget,
    {
      code = 1001,
      reason = '',
      notice = 0,
      spread = 0,
      timeout = Math.min(notice + spread + 10_000, MAX_TIMER),
    }: DrainOptions,
  ) {
    const at = now();
    this.#target = target;
    this.#code = code;
    this.#reason = reason;
    this.#noticeUntil = at + notice;
    this.#spread = spread;
    this.#deadlineAt = at + timeout;
    target.group.drainingSince = at;
    this.#before = { ...target.group.metrics.read().ended };
    const run = new Promise<void>((resolve) => {
      this.#start = () => resolve(this.#run());
    });
    const givenUp = new Promise<void>((resolve) => {
      this.#giveUp = resolve;
    });
    this.done = Promise.race([run, givenUp]).then(() => this.#finish());
  }

  /** Begins to end connections, after `notice`. */
  start(): void {
    this.#start();
  }

  /** Applies the limits that are given, where they end the drain sooner. */
  shorten({ notice, spread, timeout }: DrainOptions): void {
    const at = now();
    if (notice !== undefined) this.#noticeUntil = Math.min(this.#noticeUntil, at + notice);
    if (spread !== undefined) {
      this.#spread = Math.min(this.#spread, spread);
      this.#spreadUntil = Math.min(this.#spreadUntil, at + spread);
    }
    if (timeout !== undefined && at + timeout < this.#deadlineAt) this.#shortenDeadline(at + timeout);
    this.#wake();
  }

  #shortenDeadline(deadlineAt: number): void {
    this.#deadlineAt = deadlineAt;
    this.#noticeUntil = Math.min(this.#noticeUntil, deadlineAt);
    this.#spreadUntil = Math.min(this.#spreadUntil, deadlineAt);
    this.#armDeadline();
    lingeringSockets.shorten(this.#target.group, deadlineAt);
    for (const ws of clientsOf(this.#target)) {
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
    while (now() < this.#noticeUntil) await this.#sleep(this.#noticeUntil - now());
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
    stopTimer(this.#deadline);
    stopTimer(this.#bound);
    const { ended } = this.#target.group.metrics.read();
    const counts = CLOSE_KINDS.map((kind) => [kind, ended[kind] - this.#before[kind]]);
    return Object.fromEntries(counts) as Record<CloseKind, number>;
  }

  /** Closes the connections evenly over the spread: the first one at once, the last one before it is over. */
  async #closeAll(): Promise<void> {
    const clients = [...clientsOf(this.#target)];
    this.#spreadUntil = Math.min(this.#spreadUntil, now() + this.#spread, this.#deadlineAt);
    // Upgrade requests that were under way may still become connections.
    this.#target.group.onOpened = (ws) => this.#timers.afterPoll(() => this.#close(ws));
    for (let closed = 0; closed < clients.length; ) {
      const left = clients.length - closed;
      const time = this.#spreadUntil - now();
      const pause = Math.max(BATCH_MS, time / left);
      const batch = time > 0 ? Math.ceil((left * pause) / Math.max(time, pause)) : left;
      for (const ws of clients.slice(closed, closed + batch)) this.#close(ws);
      closed += batch;
      if (closed < clients.length) await this.#sleep(pause);
    }
  }

  /** Waits so long, or until the limits change. */
  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const due = now() + ms;
      const timer = this.#timers.setTimeout(() => {
        reached(due);
        resolve();
      }, ms);
      this.#wake = () => {
        stopTimer(timer);
        resolve();
      };
    });
  }

  #close(ws: object): void {
    const within = Math.max(1, this.#deadlineAt - now());
    const connection = connectionOf(ws);
    if (connection)
      this.#closes.push(
        connection.closeAsync(this.#code, this.#reason, { policy: 'drain', within, timers: this.#timers }),
      );
  }

  /** Ends, at the deadline, what has no closing handshake: HTTP requests and upgrades that are under way. */
  #armDeadline(): void {
    stopTimer(this.#deadline);
    stopTimer(this.#bound);
    if (this.#isOver) return;
    const bound = Math.max(0, this.#deadlineAt - now()) + GRACE_MS;
    this.#bound = this.#timers.setTimeout(() => this.#giveUp(), Math.min(bound, MAX_TIMER));
    const { own } = this.#target;
    if (!own) return;
    this.#deadline = this.#timers.setTimeout(
      () => {
        (own.server as { closeAllConnections?(): void }).closeAllConnections?.();
        for (const socket of own.guard.upgrading) socket.destroy();
      },
      Math.max(1, this.#deadlineAt - now()),
    );
  }
}
