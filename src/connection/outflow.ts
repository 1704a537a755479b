/**
 * Tells when nothing that was sent waits in this process any more. It is made when somebody listens for 'flushed' or waits for
 * `flushed()`, and does nothing for a message: a stream tells when its buffer is empty, and ws's sender when it goes on.
 */
import type { Duplex } from 'node:stream';
import type { UpstreamSocket } from '../upstream';
import { isBusy } from './transport';

export class Outflow {
  readonly #ws: UpstreamSocket;
  readonly #stream: Duplex;
  #waiting: ((flushed: boolean) => void)[] = [];
  /** Puts everything back; null while nobody is to be told. */
  #stop: (() => void) | null = null;

  constructor(ws: UpstreamSocket, stream: Duplex) {
    this.#ws = ws;
    this.#stream = stream;
  }

  /** Resolves with true when nothing waits, and with false when the WebSocket has closed before that. */
  flushed(): Promise<boolean> {
    if (this.#isEmpty()) return Promise.resolve(true);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.watch();
    });
  }

  /** To be called when a listener of 'flushed' was added: what waits now is told of, however little it is. */
  watch(): void {
    this.#stop ??= this.#start();
    if (this.#stream.writableLength > 0) askForDrain(this.#stream);
  }

  /** The WebSocket is closed: its socket may go on delivering, but nobody is told. */
  end(): void {
    this.#stop?.();
    this.#stop = null;
    for (const resolve of this.#waiting.splice(0)) resolve(false);
  }

  #isEmpty(): boolean {
    return !isBusy(this.#ws._sender) && !(this.#stream.writableLength > 0);
  }

  #start(): () => void {
    const stream = this.#stream;
    const sender = this.#ws._sender;
    const onProgress = () => this.#check();
    // After end() there is no 'drain'.
    const onFinish = () => stateOf(stream)?.needDrain && onProgress();
    stream.on('drain', onProgress);
    stream.on('finish', onFinish);
    // Called by ws when a message has been compressed, or a Blob read.
    const before = sender && Object.getOwnPropertyDescriptor(sender, 'dequeue');
    if (sender) {
      const dequeue = sender.dequeue;
      sender.dequeue = () => {
        dequeue.call(sender);
        onProgress();
      };
    }
    return () => {
      stream.removeListener('drain', onProgress);
      stream.removeListener('finish', onFinish);
      if (!sender) return;
      if (before) Object.defineProperty(sender, 'dequeue', before);
      else delete (sender as Partial<typeof sender>).dequeue;
    };
  }

  #check(): void {
    if (this.#isEmpty()) this.#tell();
    else if (!isBusy(this.#ws._sender)) askForDrain(this.#stream);
  }

  #tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve(true);
    try {
      this.#ws.emit('flushed');
    } finally {
      if (this.#waiting.length === 0 && this.#ws.listenerCount('flushed') === 0) {
        this.#stop?.();
        this.#stop = null;
      }
    }
  }
}

/**
 * Makes a stream tell that its buffer is empty, which by itself it does only after write() has returned false. A write of no bytes
 * would tell as well, but is seen by streams that are no sockets.
 */
function askForDrain(stream: Duplex): void {
  const state = stateOf(stream);
  if (state) state.needDrain = true;
}

function stateOf(stream: Duplex): { needDrain: boolean } | undefined {
  return (stream as { _writableState?: { needDrain: boolean } })._writableState;
}
