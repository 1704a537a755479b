// A server whose connections are ended by it or by their peers.

const http = require('node:http');
const { library } = require('../harness/contestants.js');
const { listen } = require('../harness/listen.js');
const { answer } = require('../harness/processes.js');
const { WAVE } = require('./waves.js');

const [contestant] = process.argv.slice(2);
const { WebSocketServer } = library(contestant);

const ENDS = {
  abort: contestant === 'ws' ? (ws) => ws._socket.resetAndDestroy() : (ws) => ws.abort(),
  close: (ws) => ws.close(1000),
};

/** Under callgrind everything is slow: no limit, and no check of one, comes before a close is done. */
const CLOSE_TIMEOUT = 600_000;

let sockets = [];
let closed = 0;
let onChange = () => {};

/** Resolves once `isDone()`, which is asked again whenever a connection opens or closes. */
function until(isDone) {
  return new Promise((resolve) => {
    onChange = () => isDone() && resolve();
    onChange();
  });
}

answer({
  listen() {
    const server = http.createServer();
    new WebSocketServer({ server, closeTimeout: CLOSE_TIMEOUT }).on('connection', (ws) => {
      ws.on('error', () => {});
      ws.on('close', () => {
        closed++;
        onChange();
      });
      sockets.push(ws);
      onChange();
    });
    return listen(server);
  },

  /** Resolves once so many are open, and what had been used before is collected. */
  async opened(count) {
    await until(() => sockets.length === count);
    globalThis.gc({ type: 'minor' });
  },

  /** Ends all, and resolves once all have closed. */
  async end(how) {
    for (let i = 0; i < sockets.length; i += WAVE) {
      const wave = sockets.slice(i, i + WAVE);
      for (const ws of wave) ENDS[how](ws);
      await until(() => closed === i + wave.length);
    }
  },

  /** Resolves once all have closed. */
  async closed() {
    await until(() => closed === sockets.length);
    sockets = [];
    closed = 0;
  },

  usage() {
    const { user, system } = process.cpuUsage();
    return { cpu: user + system, heap: process.memoryUsage().heapUsed };
  },
});
