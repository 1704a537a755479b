// A server that brings its connections into a state and then resets all of them, in the way that its first argument names.

const http = require('node:http');
const https = require('node:https');
const { library } = require('../harness/contestants.js');
const { HOST, listen } = require('../harness/listen.js');
const { answer } = require('../harness/processes.js');

/** How long to wait for the next 'close', in ms. */
const GIVE_UP = 2_000;
const MEGABYTE = Buffer.alloc(2 ** 20);

const RESETS = {
  'ws terminate': (ws) => ws.terminate(),
  'ws resetAndDestroy': (ws) => ws._socket.resetAndDestroy(),
};

const contestant = process.argv[2];
const reset = RESETS[contestant] ?? ((ws) => ws.abort());

/** Over TLS `resetAndDestroy()` throws and leaves the connection open. */
function attempt(ws) {
  try {
    reset(ws);
  } catch {}
}

const STATES = {
  idle() {},
  unread() {},
  stalled: (ws) => ws.send(MEGABYTE),
  ending(ws) {
    ws.send(MEGABYTE);
    ws._socket.end();
  },
};

const { WebSocketServer } = library(contestant);
let sockets = [];
let onConnection = () => {};

answer({
  async listen(state, secure) {
    const server = secure ? https.createServer(await certificate()) : http.createServer();
    new WebSocketServer({ server }).on('connection', (ws) => {
      ws.on('error', () => {});
      if (state === 'unread') ws.pause();
      sockets.push(ws);
      onConnection();
    });
    return listen(server);
  },

  async prepare(state, count) {
    await new Promise((resolve) => {
      onConnection = () => sockets.length >= count && resolve();
      onConnection();
    });
    for (const ws of sockets) STATES[state](ws);
    // Node handles an end() in this turn of the event loop, and writes in the next.
    await new Promise((resolve) => setTimeout(resolve, 10));
  },

  /** Resets all, and resolves once all have closed, or when none has closed for GIVE_UP ms. */
  async reset() {
    let closed = 0;
    let timer;
    let before;
    let began;
    await new Promise((resolve) => {
      const onClose = () => (++closed === sockets.length ? resolve() : timer?.refresh());
      for (const ws of sockets) ws.once('close', onClose);
      before = process.cpuUsage();
      began = performance.now();
      for (const ws of sockets) attempt(ws);
      timer = setTimeout(resolve, GIVE_UP); // starts here, since the calls alone may take longer
    });
    const ms = performance.now() - began;
    const { user, system } = process.cpuUsage(before);
    clearTimeout(timer);
    sockets = [];
    return { ms, cpu: user + system, closed };
  },
});

async function certificate() {
  const { generate } = require('selfsigned');
  const { private: key, cert } = await generate([{ name: 'commonName', value: HOST }]);
  return { key, cert };
}
