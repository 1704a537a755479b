/** Drains servers when the process is asked to end, and then ends it. One listener of each kind serves all calls. */
import { constants } from 'node:os';
import { setTimeout } from '../real-timers';
import { type DrainOptions, parseSignalDrainOptions } from './drain';
import { isOurs, markOurs } from './orphan-errors';
import { drainTogether, sidesOf } from './server-side';

/**
 * How a process is asked to end: SIGTERM by supervisors, SIGINT by Ctrl-C; on Windows SIGBREAK by Ctrl-Break and SIGHUP by a
 * closed console, which ends the process some seconds later in any case. Elsewhere SIGHUP is what nohup has ignored.
 */
const SIGNALS: NodeJS.Signals[] =
  process.platform === 'win32' ? ['SIGTERM', 'SIGINT', 'SIGBREAK', 'SIGHUP'] : ['SIGTERM', 'SIGINT'];

/** After a second request the drain ends in this time, in ms. */
const SECOND_TIMEOUT = 1;
/** After a second request the process ends in this time, in ms, also where the drain does not end. */
const SECOND_DEADLINE = 100;

/** The process goes on for this long at most until its own signal has come, in ms. */
const DELIVERY_MS = 1_000;

/** A process that others are to end goes on for this long, in ms, when it has nothing else to do. */
const RESENT_MS = 50;

/** A signal, or the message 'shutdown'. */
type Request = NodeJS.Signals | 'message';

/** What one call of drainOnSignal() asked for. */
type Entry = Parameters<typeof drainTogether>[0];

const entries = new Set<Entry>();
/** What the process was asked by, in order. */
let requests: Request[] = [];
/** Whether others, who end the process themselves, have heard the request too. */
const heardByOthers = new Set<Request>();

/**
 * Drains the servers as one when the process is asked to end, by SIGTERM or SIGINT, on Windows also SIGBREAK or SIGHUP, or by the
 * message 'shutdown' of a parent process, since Windows has no signals between processes; then ends the process as the signal would.
 * A second signal ends the process at once.
 *
 * Where the application listens for the same signal, ending the process is left to it. The listeners of the package signal-exit do
 * not count. The message 'shutdown' ends the process in any case, since a listener for messages may be there for other messages.
 *
 * As one: none of them is `ready` any more, and each has emitted 'draining', when the first connection is closed; the process ends when
 * all are drained.
 *
 * @param servers - Servers of this package, or attached ones; one or an array.
 * @param options - What `drain()` takes, but for `signal`.
 * @returns A function that removes the listeners, unless another call needs them.
 * @throws `WSL_ERR_NOT_ATTACHABLE` for a server that is neither, `WSL_ERR_OTHER_COPY` for one that another version of this package
 * has made, `WSL_ERR_*` for wrong options.
 */
export function drainOnSignal(servers: object | object[], options?: Omit<DrainOptions, 'signal'>): () => void {
  const sides = sidesOf('drainOnSignal()', servers);
  const parsed = parseSignalDrainOptions(options);
  const entry: Entry = sides.map((side) => ({ side, options: parsed }));
  entries.add(entry);
  listen();
  return () => {
    if (entries.delete(entry) && entries.size === 0) stopListening();
  };
}

// ---------- Requests ----------

function onRequest(request: Request): void {
  if (request !== 'message' && isHeardByOthers(request)) heardByOthers.add(request);
  requests.push(request);
  if (requests.length === 1) void drainAll().then(leave);
  else if (requests.length > 2) leave();
  else {
    const options = { notice: 0, spread: 0, timeout: SECOND_TIMEOUT };
    drainTogether([...entries].flat().map(({ side }) => ({ side, options })));
    setTimeout(leave, SECOND_DEADLINE).unref();
  }
}

/** Drains the servers of all calls, those included that are made meanwhile. */
async function drainAll(): Promise<void> {
  const begun = new Set<Entry>();
  while (begun.size < entries.size) {
    const next = [...entries].filter((entry) => !begun.has(entry));
    for (const entry of next) begun.add(entry);
    await Promise.allSettled(drainTogether(next.flat()));
    if (requests.length === 0) return; // it has left
    for (const entry of begun) if (!entries.has(entry)) begun.delete(entry);
  }
}

/** Ends the process as it was asked last, unless others do. */
function leave(): void {
  const request = requests.at(-1);
  if (!request) return;
  const isOthers = heardByOthers.has(request);
  requests = [];
  heardByOthers.clear();
  stopListening();
  // Another copy of this package, which still drains, ends the process when it is done.
  if (process.listeners(request as NodeJS.Signals).some(isOurs)) return;
  if (request === 'message') process.exit();
  if (isOthers || isHeardByOthers(request)) {
    // They may do so by sending the signal again, which a process with nothing else to do would not wait for.
    process.once('beforeExit', () => void setTimeout(() => {}, RESENT_MS));
    return;
  }
  // On Windows kill() would end the process without its exit handlers, and with code 1.
  if (process.platform === 'win32') process.exit();
  // Linux drops what the first process of a container sends to itself.
  if (process.pid === 1) process.exit(128 + constants.signals[request]);
  process.kill(process.pid, request);
  // signal-exit is called by the event loop, which may have nothing else to wait for.
  if (process.listenerCount(request) > 0) setTimeout(() => {}, DELIVERY_MS);
}

/**
 * Whether the application listens for a signal, and ends the process by itself. The package signal-exit ends it where it finds no
 * listener but its own: listeners that are called once, and that came before it, are gone by then.
 */
function isHeardByOthers(signal: NodeJS.Signals): boolean {
  const others = process.rawListeners(signal).filter((listener) => !isOurs(listener));
  const lasting = others.filter((listener) => !('listener' in listener));
  const ofSignalExit = signalExitListeners(signal);
  if (lasting.length > ofSignalExit || ofSignalExit === 0) return others.length > 0;
  return others.at(-1) !== lasting.at(-1);
}

/**
 * How many listeners the package signal-exit has for a signal. They end the process by themselves, but only where no other
 * listener is left, by the same counts: versions 2 and 3 keep theirs on `process`, version 4 on the global object.
 */
function signalExitListeners(signal: NodeJS.Signals): number {
  if (signal === 'SIGBREAK') return 0; // none of them listens for it
  const { __signal_exit_emitter__: before4 } = process as { __signal_exit_emitter__?: { count?: number } };
  const { [Symbol.for('signal-exit emitter')]: since4 } = globalThis as {
    [key: symbol]: { count?: number } | undefined;
  };
  return (before4?.count ?? 0) + (since4?.count ?? 0);
}

// ---------- Listeners ----------

const signalListeners = SIGNALS.map((signal) => [signal, markOurs(() => onRequest(signal))] as const);

/** Messages that came before anybody else listened for messages. */
let unheard: unknown[][] = [];

const onMessage = markOurs((...message: unknown[]) => {
  if (message[0] === 'shutdown') onRequest('message');
  else keepUnheard(message);
});

/** Does what Node does while nobody listens: it keeps messages for the first listener. One copy of this package does it for all. */
function keepUnheard(message: unknown[]): void {
  const listeners = process.listeners('message');
  if (listeners.find(isOurs) !== onMessage || !listeners.every(isOurs)) return;
  if (unheard.push(message) === 1) emitter.on('newListener', onNewListener);
}

function onNewListener(event: string | symbol, listener: object): void {
  if (event !== 'message' || isOurs(listener)) return;
  emitter.removeListener('newListener', onNewListener);
  const messages = unheard;
  unheard = [];
  for (const message of messages) process.nextTick(() => emitter.emit('message', ...message));
}

/** Adds the listeners that are not there, before all others: a listener that is called once is seen only until it is called. */
function listen(): void {
  for (const [signal, listener] of signalListeners) {
    if (!process.listeners(signal).includes(listener)) process.prependListener(signal, listener);
  }
  if (!process.channel || process.listeners('message').includes(onMessage)) return;
  process.prependListener('message', onMessage);
  // To be ready for a message is no reason to go on: Node's count of those who are does not include this listener.
  channel()?.unrefCounted?.();
  emitter.prependListener('removeListener', onRemoved);
}

/** Evens out the count when the listener is removed, by whomever: Node counts it down then. */
function onRemoved(event: string | symbol, listener: unknown): void {
  if (event !== 'message' || listener !== onMessage) return;
  emitter.removeListener('removeListener', onRemoved);
  channel()?.refCounted?.();
}

/** The declarations of `process` leave out some of an emitter's events. */
const emitter: NodeJS.EventEmitter = process;

function channel() {
  return process.channel as { unrefCounted?(): void; refCounted?(): void } | null | undefined;
}

function stopListening(): void {
  for (const [signal, listener] of signalListeners) process.removeListener(signal, listener);
  process.removeListener('message', onMessage);
}
