/** What can be seen of a connection without touching it, ws's own part included. */
import type { Duplex } from 'node:stream';
import type { Seen } from '../liveness/watch';
import type { TransportHandle } from '../socket-control/handle';
import type { Internals } from '../upstream';
import { NO_TRAFFIC, type Traffic, TrafficMeter } from './traffic';

/** Bytes that ws itself holds back, for deflate or for a Blob. Otherwise its count is of what was sent after close(). */
export function queuedInSender({ _sender }: Internals): number {
  return _sender && isBusy(_sender) ? _sender._bufferedBytes : 0;
}

/** What ws's receiver has in hand. It stands still when it has finished, and when a listener that threw has stopped it. */
export function receiverState({ _receiver }: Internals): string {
  const { _bufferedBytes, _totalPayloadLength, _messageLength, _state, writableLength } = (_receiver ?? {}) as Record<
    string,
    unknown
  >;
  return [_bufferedBytes, _totalPayloadLength, _messageLength, _state, writableLength].join();
}

/** Whether messages wait for deflate, or for a message that does. */
export function isBusy(sender: Internals['_sender']): boolean {
  return sender !== null && ((sender._queue?.length ?? 0) > 0 || Boolean(sender._state ?? sender._deflating));
}

/** `known` are the counts where they stand already. */
export function lookAt(ws: Internals, stream: Duplex | null, handle: TransportHandle | null, known?: Traffic): Seen {
  const traffic = known ?? (stream ? new TrafficMeter(stream, handle).read() : NO_TRAFFIC);
  return {
    ...traffic,
    queued: traffic.unsent + queuedInSender(ws),
    // Of a stream that does not count its bytes nobody can say that it is silent.
    audible: stream?.isPaused() === false && (handle ?? (stream as { bytesRead?: number })).bytesRead !== undefined,
    busy: traffic.unsent === 0 && isBusy(ws._sender),
  };
}
