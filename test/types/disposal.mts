// `await using`: with Node's types, or with the library esnext.disposable.
import WebSocket, { WebSocketServer } from 'ws-linger';

export async function serve(): Promise<void> {
  await using wss = new WebSocketServer({ port: 0 });
  await using ws = new WebSocket('ws://localhost');
  ws.on('message', () => wss.ready);
}
