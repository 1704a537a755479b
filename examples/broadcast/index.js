// A broadcast to clients of which some are slow. What a client sends goes to all; POLICY says what becomes of those that read too slowly.
import { WebSocketServer } from 'ws-linger';

/** So many bytes may wait for one client. The system holds some MB more. */
const LIMIT = 1024 * 1024;

const policies = {
  /** A slow client misses messages, and gets the newest one when it has caught up: for prices, positions and other states. */
  drop(clients, message) {
    latest = message;
    for (const ws of clients) {
      if (ws.bufferedAmount < LIMIT) ws.send(...message);
      else if (ws.listenerCount('flushed') === 0) ws.once('flushed', () => ws.send(...latest));
    }
  },

  /** The sender goes at the pace of the slowest client, and everybody gets everything: for files and logs. */
  async wait(clients, message) {
    for (const ws of clients) ws.send(...message);
    await Promise.all([...clients].map((ws) => ws.flushed())); // also where one of them ends meanwhile
  },

  /** A slow client is cut, and may come back for the state of then: for chats and documents. */
  cut(clients, message) {
    for (const ws of clients) {
      if (ws.bufferedAmount < LIMIT) ws.send(...message);
      else ws.terminate();
    }
  },
};
let latest;

const broadcast = policies[process.env.POLICY ?? 'drop'];
const wss = new WebSocketServer({
  port: process.env.PORT ?? 8080,
  // Nobody waits for a client that takes nothing for so long. `maxBufferedAmount` would cut without a line of code.
  linger: { sendTimeout: 30_000 },
});

wss.on('connection', (ws) => {
  ws.on('message', async (data, isBinary) => {
    ws.pause(); // TCP slows the sender down while others are waited for
    await broadcast(wss.clients, [data, { binary: isBinary }]);
    ws.resume();
  });
  ws.on('disconnect', (info) => console.log(`disconnect: ${info.kind}, origin ${info.origin}`));
});

wss.on('listening', () => console.log(`listening on ${wss.address().port}`));
