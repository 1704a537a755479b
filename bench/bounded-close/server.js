// A server that closes all of its connections.

const hdr = require('hdr-histogram-js');
const { heldByKernel } = require('../harness/kernel.js');
const { answer } = require('../harness/processes.js');
const { connected, serve, usage } = require('../harness/serve.js');

const contestant = process.argv[2];
let wss;
/** CPU that sample() took, in µs, which is not the connections' cost. */
let sampling = 0;

/** Memory and CPU of this process, and what the kernel holds of its connections. */
function sample(options) {
  const before = process.cpuUsage();
  const found = { ...usage(options), kernel: heldByKernel(wss.address().port) };
  const { user, system } = process.cpuUsage(before);
  sampling += user + system;
  return found;
}

answer({
  async listen(options) {
    wss = await serve(contestant, options);
    return wss.address().port;
  },
  sample,

  /** Sends each peer one message. */
  async queue(count, bytes) {
    await connected(wss, count);
    for (const ws of wss.clients) ws.send(Buffer.alloc(bytes));
  },

  /** Closes all connections and resolves once each has emitted 'close'. Times are in ms since the first close(). */
  async closeAll() {
    const clients = [...wss.clients];
    const times = hdr.build({ numberOfSignificantValueDigits: 3 });
    const cpu = usage().cpu - sampling;
    const began = performance.now();
    const done = new Promise((resolve) => {
      for (const ws of clients) {
        ws.once('close', () => {
          times.recordValue(Math.round((performance.now() - began) * 1000));
          if (times.totalCount === clients.length) resolve();
        });
      }
    });
    for (const ws of clients) ws.close(1001);
    const calling = performance.now() - began;
    await done;
    const at = (percentile) => times.getValueAtPercentile(percentile) / 1000;
    const spent = usage().cpu - sampling - cpu;
    const { kernel } = sample({ collect: false });
    return { p50: at(50), p99: at(99), last: at(100), calling, cpu: spent / clients.length, kernel };
  },
});
