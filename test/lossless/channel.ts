/**
 * How the runner talks to senders and peers: Node's own channel to a child process, or, for Windows Node under Wine, which
 * has none, two files of JSON lines that each side reads as the other one writes.
 */
import { appendFileSync, closeSync, openSync, readSync } from 'node:fs';
import type { Profile } from './profile.js';

export type Make = 'plain' | 'ours';

export type Order =
  | { do: 'setup'; key: string; cert: string }
  | { do: 'listen'; id: string; profile: Profile }
  | { do: 'connect'; id: string; profile: Profile; host: string; port: number }
  /** The first message is sent at this time of the clock, in ms. */
  | { do: 'go'; id: string; at: number }
  /** A peer answers with what it has seen so far; then all of it goes. */
  | { do: 'stop'; id: string };

/** What a peer has seen. */
export interface Seen {
  messages: number;
  /** Messages that are not those that were sent, in their order. */
  wrong: number;
  bytes: number;
  closeCode: number | null;
  end: 'eof' | 'rst' | null;
  open: boolean;
  /** When all was over for the peer, in ms since the first message; null: it is not. */
  ms: number | null;
}

/** What a sender's application was told, in ms after it ended the connection. */
export interface Told {
  /** The 'close' event. */
  toldMs: number;
  /** The callback of the last message: all messages are in the kernel's hands; null: it did not come before 'close'. */
  flushedMs: number | null;
}

export type News =
  | { is: 'ready'; id: '' }
  | { is: 'listening'; id: string; port: number }
  | { is: 'open'; id: string }
  | { is: 'seen'; id: string; seen: Seen }
  | ({ is: 'told'; id: string } & Told)
  | { is: 'failed'; id: string; why: string };

const POLL_MS = 20;

/** Calls back with each JSON value that another process appends to a file. Returns what stops it. */
export function followLines<T>(file: string, onValue: (value: T) => void): () => void {
  const fd = openSync(file, 'r');
  const buffer = Buffer.alloc(65_536);
  let rest = '';
  const timer = setInterval(() => {
    for (let n = readSync(fd, buffer); n > 0; n = readSync(fd, buffer)) rest += buffer.toString('latin1', 0, n);
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onValue(JSON.parse(line));
  }, POLL_MS);
  return () => {
    clearInterval(timer);
    closeSync(fd);
  };
}

export function appendLine(file: string, value: object): void {
  appendFileSync(file, `${JSON.stringify(value)}\n`);
}

/** A child's side. `files` are the orders' and the news' where there is no channel. Returns how news are told. */
export function listenToRunner<O extends object = Order, N extends object = News>(
  files: readonly string[],
  onOrder: (order: O) => void,
): (news: N) => void {
  const [orders, news] = files;
  const tell = (item: object) => (news ? appendLine(news, item) : process.send?.(item));
  const obey = (order: O) => {
    try {
      onOrder(order);
    } catch (error) {
      tell({ is: 'failed', id: 'id' in order ? order.id : '', why: String(error) });
    }
  };
  if (orders) followLines(orders, obey);
  else {
    process.on('message', obey);
    process.on('disconnect', () => process.exit());
  }
  tell({ is: 'ready', id: '' });
  return tell;
}
