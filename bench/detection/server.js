// A server that notes when it learns that a peer is gone.

const { answer } = require('../harness/processes.js');
const { connected, serve, usage } = require('../harness/serve.js');

const contestant = process.argv[2];
const news = contestant.startsWith('ws-linger') ? 'disconnect' : 'close';
let wss;
/** By the peer's port. */
const ends = [];
let wanted = () => {};

/** What ws's README advises: who has not answered the last ping by the time of the next one is gone. */
function checkAlive(interval) {
  const heard = new WeakSet();
  wss.on('connection', (ws) => {
    heard.add(ws);
    ws.on('pong', () => heard.add(ws));
  });
  setInterval(() => {
    for (const ws of wss.clients) {
      if (!heard.delete(ws)) ws.terminate();
      else ws.ping();
    }
  }, interval);
}

answer({
  async listen(heartbeat) {
    wss = await serve(contestant, { linger: heartbeat && { heartbeat } });
    wss.on('connection', (ws, { socket }) => {
      const { remotePort } = socket;
      ws.on(news, () => {
        ends.push([remotePort, Number(process.hrtime.bigint())]);
        wanted();
      });
    });
    if (heartbeat && news === 'close') checkAlive(heartbeat.interval);
    return wss.address().port;
  },
  connected: (count) => connected(wss, count),
  usage,

  /** Resolves with the times of all ends once there are that many. */
  async ends(count) {
    await new Promise((resolve) => {
      wanted = () => ends.length >= count && resolve();
      wanted();
    });
    return ends;
  },
});
