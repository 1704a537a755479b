import type { Duplex, DuplexOptions } from 'node:stream';
import { Upstream } from './upstream';

/**
 * ws's own: a stream of a WebSocket's messages. ws writes the last bytes before 'close'; a socket that lingers writes them after it, so
 * here the stream is destroyed also where its writable side ends last.
 */
export function createWebSocketStream(ws: Upstream, options?: DuplexOptions): Duplex {
  const stream = Upstream.createWebSocketStream(ws, options);
  stream.once('finish', () => {
    if (stream.readableEnded) stream.destroy();
  });
  return stream;
}
