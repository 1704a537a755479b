/**
 * Pings connections in rounds, and gives up those that do not answer. All are pinged together, every `interval` ms: to send many
 * pings at once, and to be woken by many answers at once, costs the least. A peer that vanishes is pinged within `interval`, and
 * given up `timeout` later.
 */
import type { HeartbeatOptions } from '../options';
import { stopTimer, type Timers } from './clock';
import { Doubt } from './doubt';
import { isOver, nextCheck } from './heartbeat';
import { RunningTime } from './running-time';
import { every, inTurns, later } from './timers';
import type { Snapshot, Watchable } from './watchable';

/** It is looked so often within a timeout whether the process was stopped. */
const TICKS_PER_TIMEOUT = 4;
const MIN_TICK_MS = 50;
const MIN_WAIT_MS = 5;

interface Member {
  readonly connection: Watchable;
  /** It has not answered yet. */
  isWaiting: boolean;
  pingedAt: number;
  /** Bytes that had come and gone by then. */
  received: number;
  sent: number;
  /** What waited to be sent when it was looked at last since. */
  backlog: Pick<Snapshot, 'accepted' | 'unsent'> | null;
  doubt: Doubt | null;
}

export class Rounds {
  readonly #heartbeat: HeartbeatOptions;
  readonly #time: RunningTime;
  readonly #timers: Timers;
  readonly #members = new Map<Watchable, Member>();
  /** How many have not answered yet. */
  #waiting = 0;
  /** As all such times here, in ms of the running time. */
  #nextPingAt = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Stops the ticks. */
  readonly stop: () => void;

  constructor(heartbeat: HeartbeatOptions, timers: Timers) {
    const tickMs = Math.max(MIN_TICK_MS, heartbeat.timeout / TICKS_PER_TIMEOUT);
    this.#heartbeat = heartbeat;
    this.#timers = timers;
    // Who does not answer by `timeout` from waking on is gone.
    this.#time = new RunningTime(tickMs, heartbeat.timeout / 2, () => this.#pingAll());
    // Without it nobody would see that the process was stopped between two rounds.
    this.stop = every(timers, tickMs, () => this.#time.read());
  }

  add(connection: Watchable): void {
    this.#members.set(connection, {
      connection,
      isWaiting: false,
      pingedAt: 0,
      received: 0,
      sent: 0,
      backlog: null,
      doubt: null,
    });
    if (this.#members.size > 1) return;
    this.#nextPingAt = this.#time.read() + this.#heartbeat.interval * (1 - Math.random() / 2);
    this.#arm();
  }

  remove(connection: Watchable): void {
    const member = this.#members.get(connection);
    if (!member) return;
    this.#members.delete(connection);
    this.#markAlive(member);
    if (this.#members.size === 0) stopTimer(this.#timer);
  }

  #pingAll(): void {
    inTurns(
      this.#members,
      (member) => this.#ping(member),
      () => this.#arm(),
    );
  }

  #arm(): void {
    stopTimer(this.#timer);
    if (this.#members.size === 0) return;
    const at = this.#time.read();
    let next = this.#nextPingAt;
    if (this.#waiting > 0) {
      for (const { isWaiting, pingedAt } of this.#members.values())
        if (isWaiting) next = Math.min(next, nextCheck(pingedAt, at, this.#heartbeat));
    }
    // A timer may end up to 2 ms early.
    this.#timer = later(this.#timers, Math.max(MIN_WAIT_MS, next - at + 2), () => this.#run());
  }

  #run(): void {
    if (this.#waiting === 0) this.#pingIfDue();
    else
      inTurns(
        this.#members,
        (member) => member.isWaiting && this.#check(member),
        () => this.#pingIfDue(),
      );
  }

  #pingIfDue(): void {
    const at = this.#time.read();
    if (at < this.#nextPingAt) {
      this.#arm();
      return;
    }
    const { interval } = this.#heartbeat;
    this.#nextPingAt = Math.max(this.#nextPingAt, at - interval / 2) + interval;
    inTurns(
      this.#members,
      (member) => member.isWaiting || this.#ping(member),
      () => this.#arm(),
    );
  }

  #ping(member: Member): void {
    member.pingedAt = this.#time.read();
    member.doubt = null;
    member.backlog = null;
    if (!member.isWaiting) this.#waiting++;
    member.isWaiting = true;
    member.sent = member.connection.sent();
    member.received = member.connection.ping();
  }

  #markAlive(member: Member): void {
    if (member.isWaiting) this.#waiting--;
    member.isWaiting = false;
  }

  /** The ping waits behind what was sent before: a peer that takes of that is alive, though it cannot answer yet. */
  #isTaking(member: Member): boolean {
    const { connection } = member;
    const seen = connection.snapshot();
    if (isAlive(member, seen)) return true;
    member.backlog = seen;
    member.doubt ??= new Doubt(member.sent);
    return member.doubt.acknowledges(connection.lookAtTransport(), seen.accepted);
  }

  #check(member: Member): void {
    const { connection, pingedAt } = member;
    if (connection.isAnswered() || this.#isTaking(member)) this.#markAlive(member);
    else if (isOver(pingedAt, this.#time.read(), this.#heartbeat)) connection.giveUp('heartbeat');
  }
}

function isAlive({ received, backlog }: Member, seen: Snapshot): boolean {
  // Bytes are accepted while others wait only as the peer takes some. Some streams tell no more than that fewer wait.
  const takes =
    backlog !== null && backlog.unsent > 0 && (seen.accepted > backlog.accepted || seen.unsent < backlog.unsent);
  return !seen.countsInput || seen.busy || takes || seen.received > received;
}
