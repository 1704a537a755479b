// Servers of ws and of this package, in the processes that are measured.

const os = require('node:os');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { setTimeout } = require('node:timers/promises');
const { pino } = require('pino');
const { library } = require('./contestants.js');

/** As the default logger, but for what it writes to: thousands of ends would else be told here. */
function quietLogger() {
  return pino({ name: 'ws-linger', level: 'warn' }, pino.destination({ dest: os.devNull, sync: true }));
}

/** Resolves with a WebSocketServer that listens on a port of its own. Plain ws does not look at `linger`. */
function serve(contestant, { linger, ...options } = {}) {
  const { WebSocketServer } = library(contestant);
  return new Promise((resolve, reject) => {
    const wss = new WebSocketServer({
      ...{ host: '127.0.0.1', port: 0, backlog: 4_096, perMessageDeflate: false },
      ...{ linger: { logger: quietLogger(), ...linger }, ...options },
    });
    wss.on('connection', (ws) => ws.on('error', () => {}));
    wss.on('listening', () => resolve(wss));
    wss.on('error', reject);
  });
}

/** Resolves once that many are connected. */
function connected(wss, count) {
  return new Promise((resolve) => {
    const look = () => wss.clients.size >= count && resolve(wss.off('connection', look));
    wss.on('connection', look);
    look();
  });
}

/** Memory in bytes, once what nobody holds is gone where that is asked for, and CPU in µs since the start. */
function usage({ collect = false } = {}) {
  for (let i = 0; collect && i < 4; i++) globalThis.gc();
  const { user, system } = process.cpuUsage();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { cpu: user + system, held: heapUsed + external, rss };
}

/** The event loop's delay from now on, in ms; the interval at which it is looked at is part of it. */
function watchLoop() {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  return async () => {
    // A delay that lasts until now is noticed in a moment.
    await setTimeout(5);
    delay.disable();
    return { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 };
  };
}

module.exports = { serve, connected, usage, watchLoop };
