// Starts servers of ws and of ws-linger in the measured processes, and measures those processes.

const os = require('node:os');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { setTimeout } = require('node:timers/promises');
const { pino } = require('pino');
const { library } = require('./contestants.js');
const { BACKLOG, HOST } = require('./listen.js');

/** The default logger, but writing to /dev/null: it would print thousands of ends. */
function quietLogger() {
  return pino({ name: 'ws-linger', level: 'warn' }, pino.destination({ dest: os.devNull, sync: true }));
}

/** Resolves with a WebSocketServer that listens on a free port. Plain ws ignores the `linger` option. */
function serve(contestant, { linger, ...options } = {}) {
  const { WebSocketServer } = library(contestant);
  return new Promise((resolve, reject) => {
    const wss = new WebSocketServer({
      ...{ host: HOST, port: 0, backlog: BACKLOG, perMessageDeflate: false },
      ...{ linger: { logger: quietLogger(), ...linger }, ...options },
    });
    wss.on('connection', (ws) => ws.on('error', () => {}));
    wss.on('listening', () => resolve(wss));
    wss.on('error', reject);
  });
}

/** Resolves once `count` clients are connected. */
function connected(wss, count) {
  return new Promise((resolve) => {
    const check = () => wss.clients.size >= count && resolve(wss.off('connection', check));
    wss.on('connection', check);
    check();
  });
}

/** CPU in µs since the start, and memory in bytes, after garbage collection if `collect` is true. */
function usage({ collect = false } = {}) {
  for (let i = 0; collect && i < 4; i++) globalThis.gc();
  const { user, system } = process.cpuUsage();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { cpu: user + system, held: heapUsed + external, rss };
}

/** Records the event loop's delay from now until the returned function is called, in ms. The 1 ms between samples is included. */
function watchLoop() {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  return async () => {
    // A delay that lasts until now is recorded by the next sample.
    await setTimeout(5);
    delay.disable();
    return { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 };
  };
}

module.exports = { serve, connected, usage, watchLoop };
