/** Makes a client read slowly, or stop reading for a while. */
import type { Socket } from 'node:net';
import type { WebSocket } from '../../websocket';

/** Node reads up to 64 KiB at a time, so a client that reads at this speed is silent for up to 2.6 s. */
const BYTES_PER_SECOND = 25_000;

/** How long a client that reads slowly takes for so many bytes, in ms. */
export const slowReadMs = (bytes: number): number => (bytes * 1000) / BYTES_PER_SECOND;

/** Pauses the client after each chunk for as long as a line of BYTES_PER_SECOND would take to deliver that chunk. */
export function readSlowly(ws: WebSocket, socket: Socket): void {
  socket.on('data', (chunk: Buffer) => stopReading(ws, slowReadMs(chunk.length)));
}

/** Stops the client's reading for `ms`. Leaves no timer when the client closes earlier. */
export function stopReading(ws: WebSocket, ms: number): void {
  ws.pause();
  const timer = setTimeout(() => {
    ws.off('close', onClose);
    ws.resume();
  }, ms);
  const onClose = () => clearTimeout(timer);
  ws.once('close', onClose);
}
