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
let watched;

/** A log of everything, in a file that is gone with this process. */
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

  /** From now on it is watched. */
  watch() {
    const before = usage();
    let peak = before.held;
    const sampler = setInterval(() => {
      peak = Math.max(peak, usage().held);
    }, 20);
    const loop = watchLoop();
    watched = async () => {
      clearInterval(sampler);
      const { p99, max } = await loop();
      return { delayP99: p99, delayMax: max, cpu: usage().cpu - before.cpu, peak: peak - before.held };
    };
  },

  /** Resolves with how long it took until that many had ended since the first did. What ends later counts anew. */
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
  seen: () => watched(),

  stop: () => process.exit(),
});
