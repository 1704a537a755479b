// A server that drains when its process is asked to end; tells its port to its parent, and again when asked.
import { drainOnSignal, WebSocketServer } from 'ws-linger';
import { portOf } from './end.js';

const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger: { closeTimeout: 60_000, logger: false } });
const tell = () => process.send?.(portOf(wss));
drainOnSignal(wss, { timeout: 60_000 });
wss.on('listening', tell);
// One of the process's own listeners would keep it from ending on 'shutdown', so this one goes before that.
process.once('message', (message) => {
  if (message === 'port') tell();
  if (message === 'close') {
    for (const ws of wss.clients) ws.close(1001);
    wss.close();
  }
});
