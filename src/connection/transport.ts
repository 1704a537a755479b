/**
 * The stream below a connection, seen without touching it: who is told of its events, and the counts of its bytes.
 *
 * A socket's events go to its current owner: the guard before the upgrade, the connection after it, the lingering socket after the
 * WebSocket has closed. The listeners are the same functions for all sockets, and stay where they are when the owner changes.
 */
import { errorMonitor } from 'node:events';
import type { Duplex } from 'node:stream';
import { kListener, kObserver } from '../copies';
import type { TransportHandle } from '../socket-control/handle';
import type { Internals } from '../upstream';

// ---------- Events ----------

export interface SocketObserver {
  readonly kind: 'guard' | 'connection' | 'lingering';
  /** Called before any listener of 'error'. */
  onError(error: NodeJS.ErrnoException, socket: Duplex): void;
  /** Called before any listener of 'close' that was added later. */
  onClose(socket: Duplex): void;
  /** Called before any listener of 'end' that was added later. */
  onEnd?(): void;
  /** Called when another observer takes the socket over. */
  onReplaced?(socket: Duplex): void;
}

type Observed = Duplex & { [kObserver]?: SocketObserver };

export function observerOf(socket: object): SocketObserver | undefined {
  return (socket as Observed)[kObserver];
}

/** Makes `observer` the only one that is told of the socket's events. */
export function observe(socket: Duplex, observer: SocketObserver): void {
  const previous = observerOf(socket);
  previous?.onReplaced?.(socket);
  (socket as Observed)[kObserver] = observer;
  addListeners(socket, previous === undefined);
}

/** Adds what the application has taken off by removeAllListeners(); without a listener an error would end the process. */
export function keepObserved(socket: Duplex): void {
  addListeners(socket);
  if (socket.listenerCount?.('error') === 0) socket.on('error', ignore);
}

/** A test's mock of a socket may have only what ws itself uses, and can deliver nothing. */
export function isStream(stream: Partial<Duplex> | null | undefined): boolean {
  return typeof stream?.isPaused === 'function';
}

/** Adds the listeners that are not there: a new socket has none, and another has those that the application has left. */
function addListeners(socket: Duplex, isNew = false): void {
  const { prependListener = socket.on } = socket as Partial<Pick<Duplex, 'prependListener'>>;
  if (isNew || !hasOurs(socket, 'close')) prependListener.call(socket, 'close', onClose);
  if (isNew || !hasOurs(socket, 'end')) prependListener.call(socket, 'end', onEnd);
  // The list of errorMonitor costs less than a place in that of 'error'.
  if (isNew || !hasOurs(socket, errorMonitor)) socket.on(errorMonitor, onError);
}

function hasOurs(socket: Duplex, event: string | symbol): boolean {
  return socket.listeners?.(event).some(isOurs) ?? false;
}

function ignore(): void {}

function onError(this: Duplex, error: Error): void {
  observerOf(this)?.onError(error, this);
}

function onClose(this: Duplex): void {
  observerOf(this)?.onClose(this);
}

function onEnd(this: Duplex): void {
  observerOf(this)?.onEnd?.();
}

/** Another copy of this package may have added its own, which does the same. */
for (const listener of [onError, onClose, onEnd]) Object.defineProperty(listener, kListener, { value: true });

function isOurs(listener: object): boolean {
  return kListener in listener;
}

// ---------- Bytes ----------

export interface Traffic {
  /** Bytes read from the transport. */
  received: number;
  /** Bytes that the local TCP stack accepted. */
  accepted: number;
  /** Bytes that wait above the TCP stack. */
  unsent: number;
  /** Of them, those that libuv holds back. */
  inLibuv: number;
}

export const NO_TRAFFIC: Traffic = Object.freeze({ received: 0, accepted: 0, unsent: 0, inLibuv: 0 });

interface Stream {
  _parent?: Stream;
  _writableState?: { length: number; writing: boolean; writelen: number };
  bytesRead?: number;
  bytesWritten?: number;
  _bytesDispatched?: number;
  writableFinished?: boolean;
  remoteAddress?: string;
}

/** Counts what comes on a stream that does not count by itself, which streams of HTTP/2, ssh2 and users do not. */
export class InputCounter {
  bytes = 0;
  readonly #stream: Duplex;

  /** ws reads the stream already: a second listener takes nothing away and starts nothing. */
  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('data', this.#onData);
  }

  stop(): void {
    this.#stream.removeListener('data', this.#onData);
  }

  readonly #onData = (chunk: { length: number }) => {
    this.bytes += chunk.length;
  };
}

interface Read extends Pick<Stream, 'bytesRead' | 'bytesWritten' | '_bytesDispatched' | 'remoteAddress'> {
  _handle?: TransportHandle | null;
  _parent?: Stream | null;
  readableLength?: number;
}

/** What a stream says of itself. One of the application's own may have a getter of its own that throws. */
function saidBy<K extends keyof Read>(stream: object, name: K): Read[K] {
  try {
    return (stream as Read)[name];
  } catch {
    return undefined;
  }
}

/** Whether the stream counts what it reads. To ask for the handle's count would be a call into Node. */
export function isCounting(stream: object, handle: TransportHandle | null): boolean {
  return (handle !== null && 'bytesRead' in handle) || saidBy(stream, 'bytesRead') !== undefined;
}

/** A counter for a stream that needs one; null for one that does not, and for one that ws has not begun to read. */
export function countInput(stream: Duplex, handle: TransportHandle | null): InputCounter | null {
  return isCounting(stream, handle) || stream.readableFlowing === null ? null : new InputCounter(stream);
}

/** The bytes that have come and gone so far, those that libuv holds back included; undefined for a stream that does not count. */
export function bytesMoved(stream: Duplex | null): number | undefined {
  if (!stream) return undefined;
  // Node's getters ask the handle for the same, each by two calls more.
  const { bytesRead, bytesWritten = 0 } = saidBy(stream, '_handle') ?? {};
  if (bytesRead !== undefined) return bytesRead + bytesWritten;
  const read = saidBy(stream, 'bytesRead');
  return read === undefined ? undefined : read + (saidBy(stream, '_bytesDispatched') ?? 0);
}

export class TrafficMeter {
  readonly #stream: Stream;
  readonly #handle: TransportHandle | null;
  readonly #counter: InputCounter | null;
  /** The counts as they were read last. */
  last = NO_TRAFFIC;

  /** The handle is given, since Node lets go of it when the stream is destroyed, while its counters live until 'close'. */
  constructor(stream: Duplex, handle: TransportHandle | null, counter: InputCounter | null) {
    this.#stream = stream as Stream;
    this.#handle = handle;
    this.#counter = counter;
  }

  /** The counts now. To be called until the handle is closed. */
  read(): Traffic {
    const { received, accepted } = this.last;
    const isIdle = this.#stream._writableState?.length === 0;
    const queued = (isIdle ? 0 : this.#handle?.writeQueueSize) ?? 0;
    this.last = {
      received: Math.max(
        received,
        this.#handle?.bytesRead ?? saidBy(this.#stream, 'bytesRead') ?? this.#counter?.bytes ?? 0,
      ),
      accepted: Math.max(accepted, (this.#handle?.bytesWritten ?? saidBy(this.#stream, 'bytesWritten') ?? 0) - queued),
      unsent: isIdle ? 0 : this.#unsent(queued),
      inLibuv: queued,
    };
    return this.last;
  }

  /** The counts of a stream that has closed, and whose handle counts no more; that below TLS may. */
  readClosed(): Traffic {
    return this.#isWrapped ? this.read() : this.last;
  }

  /** The same as bytesMoved() of the stream, of the counts that were just read where they are those of the stream itself. */
  moved(): number | undefined {
    const { received, accepted, inLibuv } = this.last;
    // TLS's own counts are without its overhead.
    return this.#handle === null || this.#isWrapped
      ? bytesMoved(this.#stream as Duplex)
      : received + accepted + inLibuv;
  }

  /** The counts at the end of a stream that this package has not cut. */
  readAtEnd(): Traffic {
    const transport = saidBy(this.#stream, '_parent') ?? this.#stream;
    const unsent = this.#stream.writableFinished ? 0 : this.#unsent(0);
    return {
      received: Math.max(this.last.received, saidBy(transport, 'bytesRead') ?? 0),
      accepted: Math.max(this.last.accepted, (saidBy(transport, 'bytesWritten') ?? 0) - unsent),
      unsent,
      inLibuv: 0,
    };
  }

  get #isWrapped(): boolean {
    return saidBy(this.#stream, '_parent') != null;
  }

  /** Whether the counts are those of the whole connection. */
  get isComplete(): boolean {
    return isCounting(this.#stream, this.#handle);
  }

  /** A chunk is being written, and nobody tells how far it is: the sockets of Bun and Deno do not count as libuv does. */
  get isBlind(): boolean {
    if (this.#stream._writableState?.writing !== true || this.#handle?.writeQueueSize !== undefined) return false;
    return saidBy(this.#stream, 'remoteAddress') !== undefined;
  }

  /**
   * Of the chunk that is being written, only what is still in libuv's queue has not been accepted. A stream without such a queue
   * tells only when it has taken the whole chunk.
   */
  #unsent(queued: number): number {
    const state = this.#stream._writableState;
    if (!state) return queued;
    if (!state.writing || this.#handle?.writeQueueSize === undefined) return state.length;
    return state.length - state.writelen + Math.min(queued, state.writelen);
  }
}

/** Bytes that ws itself holds back, for deflate or for a Blob. Otherwise its count is of what was sent after close(). */
export function queuedInSender({ _sender }: Internals): number {
  return _sender && isBusy(_sender) ? _sender._bufferedBytes : 0;
}

/** How long the peer's close frame was on the wire (RFC 6455 §5.2): those of clients are masked. */
export function closeFrameBytes({ _closeCode, _closeMessage, _isServer }: Internals): number {
  const header = _isServer ? 6 : 2;
  return header + (_closeCode === 1005 ? 0 : 2 + _closeMessage.length);
}

/**
 * How long the frame may have been by which the peer broke the protocol, of so many bytes that came last: header, payload where it was
 * read, and what came behind it.
 */
export function brokenFrameBytes({ _receiver }: Internals, came: number): number {
  const { _bufferedBytes = 0, _payloadLength = 0 } = (_receiver ?? {}) as Record<string, number>;
  const behindPayload = MAX_HEADER + _bufferedBytes;
  return behindPayload + (behindPayload + _payloadLength <= came + MAX_HEADER ? _payloadLength : 0);
}

/** The longest header of a frame (RFC 6455 §5.2). */
const MAX_HEADER = 14;

/** What ws's receiver has in hand. It stands still when it has finished, and when a listener that threw has stopped it. */
export function receiverState({ _receiver }: Internals): string {
  const { _bufferedBytes, _totalPayloadLength, _messageLength, _state, writableLength } = (_receiver ?? {}) as Record<
    string,
    unknown
  >;
  return [_bufferedBytes, _totalPayloadLength, _messageLength, _state, writableLength].join();
}

/** ws's receiver while it inflates a message (INFLATING in ws's receiver.js). */
const INFLATING = 5;

/** Whether a message that has come is being inflated, or waits for that: this side's work, which it finishes first. */
export function isInflating({ _receiver }: Internals): boolean {
  return (_receiver as { _state?: number } | null)?._state === INFLATING;
}

/** Whether messages wait for deflate, or for a message that does. */
export function isBusy(sender: Internals['_sender']): boolean {
  return sender !== null && ((sender._queue?.length ?? 0) > 0 || Boolean(sender._state ?? sender._deflating));
}

/** Whether ws's receiver has still to tell something of what has come, or is about to get more of it from a stream that is closing. */
export function hasUnread({ _receiver }: Internals, stream: Duplex | null): boolean {
  if (!_receiver) return false;
  return _receiver.writableLength > 0 || _receiver.errored !== null || saidBy(stream ?? {}, 'readableLength') !== 0;
}
