// A server that ends with all of its connections, in the way that its first argument names.

const http = require('node:http');
const { listen } = require('../harness/listen.js');
const { answer } = require('../harness/processes.js');
const { connected, serve, usage, watchLoop } = require('../harness/serve.js');

const contestant = process.argv[2];
/** A common grace period of restarts, in ms. */
const PATIENCE = 10_000;
let wss;
let terminator;
const muchFor = new WeakSet();

/** What most applications do. ws gives each connection up after 30 s. */
function closeAll() {
  for (const ws of wss.clients) ws.close(1001);
  return new Promise((resolve) => wss.close(resolve));
}

const ENDS = {
  ws: closeAll,
  'ws terminate() after 10 s'() {
    setTimeout(() => {
      for (const ws of wss.clients) ws.terminate();
    }, PATIENCE).unref();
    return closeAll();
  },
  'ws http-terminator': () => terminator.terminate(),
  'ws-linger spread over 2 s': () => wss.drain({ spread: 2_000 }),
};
const end = ENDS[contestant] ?? (() => wss.drain());

answer({
  async listen(options) {
    if (contestant.endsWith('http-terminator')) {
      const server = http.createServer();
      terminator = require('http-terminator').createHttpTerminator({ server });
      [wss] = await Promise.all([serve(contestant, { ...options, server, port: undefined }), listen(server)]);
    } else wss = await serve(contestant, options);
    wss.on('connection', (ws, { url }) => {
      if (url === '/much') muchFor.add(ws);
    });
    return wss.address().port;
  },

  connected: (count) => connected(wss, count),

  /** Sends the messages that are under way when the server ends: `large` to peers that asked for /much, `small` to others. */
  queue(small, large) {
    for (const ws of wss.clients) {
      const { count, size } = muchFor.has(ws) ? large : small;
      for (let i = 0; i < count; i++) ws.send(Buffer.alloc(size));
    }
  },

  /** Ends the server, and resolves once all connections and the server have closed. */
  async drain() {
    const before = usage();
    const count = wss.clients.size;
    const loop = watchLoop();
    const began = performance.now();
    const closed = Array.from(wss.clients, (ws) => new Promise((resolve) => ws.once('close', resolve)));
    await Promise.all([...closed, end()]);
    const ended = performance.now() - began;
    const { max: delayMax } = await loop();
    return { ended, delayMax, cpu: (usage().cpu - before.cpu) / count };
  },
});
