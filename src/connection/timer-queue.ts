/**
 * Connections that wait equally long, by the same timers, for what nearly always comes before, and one timer for all of them: for ws's 'close' after the
 * end (the watchdog), and for the closing handshake until its first check.
 *
 * The first in the queue is due first. The links are in themselves, since a timer or a Map for each would
 * cost a tenth of what an end costs.
 */
import { now, type Timers } from '../liveness/clock';
import { inSharedContext } from '../liveness/timers';
import { Alarm, type Ringing } from './alarm';

/** One that waits, in one queue at a time. */
export interface Waiting {
  queue: TimerQueue | null;
  before: Waiting | null;
  after: Waiting | null;
  /** In ms of the clock. */
  due: number;
  onDue(how: Ringing): void;
}

export class TimerQueue {
  readonly #ms: number;
  readonly #timers: Timers;
  #first: Waiting | null = null;
  #last: Waiting | null = null;
  #alarm: Alarm;
  /** When the alarm comes or came. */
  #wakesAt = Number.NEGATIVE_INFINITY;

  /** In which all wait for `ms`. */
  constructor(ms: number, timers: Timers) {
    this.#ms = ms;
    this.#timers = timers;
    this.#alarm = new Alarm(timers);
  }

  /** Waits from now on, which is `at`. */
  add(waiting: Waiting, at: number): void {
    const last = this.#last;
    waiting.queue = this;
    waiting.due = at + this.#ms;
    waiting.before = last;
    if (last) last.after = waiting;
    else this.#first = waiting;
    this.#last = waiting;
    // An alarm that is long overdue was lost with a mocked clock.
    if (this.#wakesAt < at - this.#ms) this.#wakeAt(waiting.due);
    else if (last === null) this.#alarm.ref();
  }

  remove(waiting: Waiting): void {
    const { before, after } = waiting;
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
    waiting.queue = null;
    waiting.before = null;
    waiting.after = null;
    // It keeps no process alive for nothing.
    if (this.#first === null) this.#alarm.unref();
  }

  /** An earlier timer runs out, rather than to be stopped: it may be of a mocked clock that is no more. */
  #wakeAt(due: number): void {
    const alarm = new Alarm(this.#timers);
    this.#alarm.unref();
    this.#alarm = alarm;
    this.#wakesAt = due;
    inSharedContext(() =>
      alarm.set([due], (how) => {
        if (alarm === this.#alarm) this.#onAlarm(how);
      }),
    );
  }

  #onAlarm({ isMocked }: Ringing): void {
    this.#wakesAt = Number.NEGATIVE_INFINITY;
    const at = now();
    try {
      for (let first = this.#first; first && first.due <= at; first = this.#first) {
        this.remove(first);
        first.onDue({ lateBy: at - first.due, isMocked });
      }
    } finally {
      // Also where a listener of 'close' has thrown.
      if (this.#first) this.#wakeAt(this.#first.due);
    }
  }
}

const queues = new WeakMap<Timers, Map<number, TimerQueue>>();

/** The queue of those who wait for `ms`. */
export function timerQueueFor(ms: number, timers: Timers): TimerQueue {
  const ofTimers = queues.get(timers) ?? new Map<number, TimerQueue>();
  queues.set(timers, ofTimers);
  const queue = ofTimers.get(ms) ?? new TimerQueue(ms, timers);
  ofTimers.set(ms, queue);
  return queue;
}
