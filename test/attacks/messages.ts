/** What the processes of an attack tell each other. */

/** What one server showed under one attack. */
export interface Report {
  /** What the peers did: connections, frames or bytes, as the attack counts them. */
  done: number;
  /** Bytes over the start: resident at the highest, and of heap and buffers after a collection, while the peers still hold on. */
  peak: number;
  held: number;
  /** TCP handles then, the listening one left out. */
  sockets: number;
  /** CPU of the process, in ms. */
  cpu: number;
  /** The longest stall of the event loop, in ms. */
  stall: number;
  /** The most CPU that the process used between two turns of a timer, in ms: a stall, less what the rest of the machine caused. */
  turn: number;
  /** How long all was measured, in s. */
  seconds: number;
  log: Log;
  /** What is left once the peers have gone: connections, lingering sockets, TCP handles and timers beyond those of the start. */
  left: number;
  honest: Honest;
}

export interface Log {
  lines: number;
  /** Lines of the event and kind with the most. */
  busiest: number;
  /** Characters of the longest line. */
  longest: number;
  /** Lines with a line break or another control character. */
  broken: number;
}

/** A client that only wants its answers, beside the attack. */
export interface Honest {
  answers: number;
  unanswered: number;
  /** The longest time until an answer, in ms, a new connection included. */
  slowest: number;
}

export type Library = 'ws-upstream' | 'ws-linger';

export type ToSubject = 'begin' | 'hold' | 'settle';

export type FromSubject =
  | { type: 'listening'; port: number }
  | { type: 'began' }
  | { type: 'held'; report: Pick<Report, 'peak' | 'held' | 'sockets' | 'cpu' | 'stall' | 'turn'> }
  | { type: 'settled'; report: Pick<Report, 'seconds' | 'log' | 'left'> };

/** From the attackers, when their time is over. They hold on to what they have until they are told to leave. */
export interface FromAttackers {
  done: number;
}
