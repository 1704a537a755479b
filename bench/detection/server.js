// A server that records when it learns that a peer is gone.

const { answer } = require('../harness/processes.js');
const { connected, serve, usage } = require('../harness/serve.js');

const contestant = process.argv[2];
const eventName = contestant.startsWith('ws-linger') ? 'disconnect' : 'close';
let wss;
/** [port of the peer, time] of each end. */
const ends = [];
let onEnd = () => {};

/** The heartbeat of ws's README: a peer that has not answered a ping by the time of the next one is terminated. */
function checkAlive(interval) {
  const answered = new WeakSet();
  wss.on('connection', (ws) => {
    answered.add(ws);
    ws.on('pong', () => answered.add(ws));
  });
  setInterval(() => {
    for (const ws of wss.clients) {
      if (!answered.delete(ws)) ws.terminate();
      else ws.ping();
    }
  }, interval);
}

answer({
  async listen(heartbeat) {
    wss = await serve(contestant, { linger: heartbeat && { heartbeat } });
    wss.on('connection', (ws, { socket }) => {
      const { remotePort } = socket;
      ws.on(eventName, () => {
        ends.push([remotePort, Number(process.hrtime.bigint())]);
        onEnd();
      });
    });
    if (heartbeat && eventName === 'close') checkAlive(heartbeat.interval);
    return wss.address().port;
  },
  connected: (count) => connected(wss, count),
  usage,

  /** Resolves with all ends once there are `count`. */
  async ends(count) {
    await new Promise((resolve) => {
      onEnd = () => ends.length >= count && resolve();
      onEnd();
    });
    return ends;
  },
});
