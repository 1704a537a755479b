// A server whose connections are brought into a state, and then all reset, in the way that its first argument names.

const http = require('node:http');
const https = require('node:https');
const { library } = require('../harness/contestants.js');
const { answer } = require('../harness/processes.js');

/** How long the next 'close' is waited for, in ms. */
const GIVE_UP = 2_000;
const MEGABYTE = Buffer.alloc(2 ** 20);

const RESETS = {
  'ws terminate': (ws) => ws.terminate(),
  'ws resetAndDestroy': (ws) => ws._socket.resetAndDestroy(),
};

const contestant = process.argv[2];
const reset = RESETS[contestant] ?? ((ws) => ws.abort());

/** Over TLS `resetAndDestroy()` throws, and leaves the connection open. */
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
let wanted = () => {};

answer({
  async listen(state, secure) {
    const server = secure ? https.createServer(await certificate()) : http.createServer();
    new WebSocketServer({ server }).on('connection', (ws) => {
      ws.on('error', () => {});
      if (state === 'unread') ws.pause();
      sockets.push(ws);
      wanted();
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', 4096, resolve));
    return server.address().port;
  },

  async prepare(state, count) {
    await new Promise((resolve) => {
      wanted = () => sockets.length >= count && resolve();
      wanted();
    });
    for (const ws of sockets) STATES[state](ws);
    // Node takes hold of an end() within this turn, and of what is written within the next.
    await new Promise((resolve) => setTimeout(resolve, 10));
  },

  /** Resolves once all have closed, or what can be waited for has been. */
  async reset() {
    let closed = 0;
    const { promise, resolve } = withResolvers();
    let timer;
    const onClose = () => (++closed === sockets.length ? resolve() : timer?.refresh());
    for (const ws of sockets) ws.once('close', onClose);
    const before = process.cpuUsage();
    const began = performance.now();
    for (const ws of sockets) attempt(ws);
    timer = setTimeout(resolve, GIVE_UP); // from here, since the calls alone may take longer
    await promise;
    const ms = performance.now() - began;
    const { user, system } = process.cpuUsage(before);
    clearTimeout(timer);
    sockets = [];
    return { ms, cpu: user + system, closed };
  },
});

async function certificate() {
  const { generate } = require('selfsigned');
  const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }]);
  return { key, cert };
}

function withResolvers() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
