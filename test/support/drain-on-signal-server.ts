// A server that drains when its process receives a signal or the message 'shutdown'. Sends its port to its parent when
// it listens, and again on the message 'port'.
import { drainOnSignal, WebSocketServer } from 'ws-linger';
import { portOf } from './end.js';

const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger: { closeTimeout: 60_000, logger: false } });
const sendPort = () => process.send?.(portOf(wss));
drainOnSignal(wss, { timeout: 60_000 });
wss.on('listening', sendPort);
// once(): a lasting 'message' listener would keep the process alive after 'shutdown'.
process.once('message', (message) => {
  if (message === 'port') sendPort();
  if (message === 'close') {
    for (const ws of wss.clients) ws.close(1001);
    wss.close();
  }
});
