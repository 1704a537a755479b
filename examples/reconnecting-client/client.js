// Clients that come back. `node client.js ws://localhost:8080` starts one, CLIENTS=100 a hundred, which never come back together.
import WebSocket from 'ws-linger';

/** The server will say the same again: do not come back. Add codes of yours, from 4000 to 4999. */
const FINAL = new Set([1000, 1002, 1003, 1007, 1008, 1009, 1010]);
/** The limit of the first wait, which doubles with each attempt, and the highest one, in ms. */
const FIRST = 500;
const LONGEST = 30_000;

function connect(url) {
  /** Messages that the server has not answered, by their number. They are sent again, so it may get one twice. */
  const unanswered = new Map();
  let sent = 0;
  let attempt = 0;
  let isOver = false;
  let timer;
  let ws;

  function open() {
    ws = new WebSocket(url, { linger: { heartbeat: true } });
    ws.on('open', () => {
      console.log('connected');
      for (const message of unanswered.values()) ws.send(message);
    });
    ws.on('message', (data) => {
      const { id, text } = JSON.parse(data);
      if (unanswered.delete(id)) console.log(`answer: ${text}`);
    });
    ws.on('error', () => {}); // 'disconnect' has the cause
    ws.on('disconnect', comeBack);
  }

  function comeBack(info) {
    console.log(`disconnect: ${info.kind}, origin ${info.origin}`);
    if (isOver || FINAL.has(info.code)) return;
    if (info.openMs > LONGEST) attempt = 0; // not on 'open': a server may accept, and end at once
    const wait = Math.random() * Math.min(LONGEST, FIRST * 2 ** attempt);
    console.log(`attempt ${attempt}: in ${wait.toFixed(1)} ms`);
    attempt++;
    timer = setTimeout(open, wait);
  }

  open();
  return {
    send(text) {
      const message = JSON.stringify({ id: ++sent, text });
      unanswered.set(sent, message);
      if (ws.readyState === WebSocket.OPEN) ws.send(message);
    },
    close() {
      isOver = true;
      clearTimeout(timer);
      ws.close(1000);
    },
  };
}

const clients = Array.from({ length: Number(process.env.CLIENTS ?? 1) }, () => connect(process.argv[2]));
for (const client of clients) client.send('hello');
process.once('SIGTERM', () => {
  for (const client of clients) client.close(); // then nothing keeps the process
});
