// A server that echoes, while many of its peers reset at once.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pino } = require('pino');
const { answer } = require('../harness/processes.js');
const { connected, serve, usage, watchLoop } = require('../harness/serve.js');

const contestant = process.argv[2];
let wss;
let ended = 0;
let first;
let last;
let onEnd = () => {};
let recording;

/** A logger that writes everything to a file, which is deleted when this process ends. */
function verboseLogger() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-linger-bench-'));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  return pino({ level: 'debug' }, pino.destination({ dest: path.join(folder, 'log'), sync: true }));
}

answer({
  async listen() {
    wss = await serve(contestant, { linger: contestant.endsWith('debug log') ? { logger: verboseLogger() } : {} });
    wss.on('connection', (ws) => {
      ws.on('message', (data, binary) => ws.send(data, { binary }));
      ws.on('close', () => {
        ended++;
        last = performance.now();
        first ??= last;
        onEnd();
      });
    });
    return wss.address().port;
  },

  connected: (count) => connected(wss, count),
  usage,

  /** Starts to record the event loop's delay, CPU and memory. */
  watch() {
    const before = usage();
    let peak = before.held;
    const sampler = setInterval(() => {
      peak = Math.max(peak, usage().held);
    }, 20);
    const loop = watchLoop();
    recording = async () => {
      clearInterval(sampler);
      const { p99, max } = await loop();
      return { delayP99: p99, delayMax: max, cpu: usage().cpu - before.cpu, peak: peak - before.held };
    };
  },

  /** Resolves once `count` connections have ended, with the ms from the first end to the last. Then it counts from 0 again. */
  async ended(count) {
    await new Promise((resolve) => {
      onEnd = () => ended >= count && resolve();
      onEnd();
    });
    const took = last - first;
    ended = 0;
    first = undefined;
    return took;
  },
  recorded: () => recording(),

  stop: () => process.exit(),
});
