/** Ways in which a client reads: slowly, or not at all for a while. */
import type { Socket } from 'node:net';
import type { WebSocket } from '../../websocket';

/** Node reads up to 64 KiB at a time, so that a reader of this speed is silent for up to 2.6 s. */
const BYTES_PER_SECOND = 25_000;

/** Makes a client wait after each chunk for as long as a slow line would have taken for it. */
export function readSlowly(ws: WebSocket, socket: Socket): void {
  socket.on('data', (chunk: Buffer) => stopReading(ws, (chunk.length * 1000) / BYTES_PER_SECOND));
}

/** Makes a client read nothing for so many ms. */
export function stopReading(ws: WebSocket, ms: number): void {
  ws.pause();
  const timer = setTimeout(() => {
    ws.off('close', onClose);
    ws.resume();
  }, ms);
  const onClose = () => clearTimeout(timer);
  ws.once('close', onClose);
}
