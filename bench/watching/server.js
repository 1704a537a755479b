// A server whose connections are idle: without limits, with one, or with a connection that is looked at.

const { setTimeout } = require('node:timers/promises');
const { answer } = require('../harness/processes.js');
const { serve, usage, watchLoop } = require('../harness/serve.js');

const contestant = process.argv[2];
const LOOK_EVERY_MS = 100;
let wss;

function look() {
  const { PortableControl } = require('../../dist/socket-control/portable.js');
  const controls = [...wss.clients].map(({ _socket }) => new PortableControl(_socket));
  setInterval(() => {
    for (const control of controls) control.look();
  }, LOOK_EVERY_MS);
}

answer({
  async listen() {
    const maxBufferedAmount = contestant.endsWith('maxBufferedAmount') ? 2 ** 20 : undefined;
    wss = await serve(contestant, { linger: maxBufferedAmount && { maxBufferedAmount } });
    return wss.address().port;
  },

  async begin() {
    if (contestant.endsWith('looks')) look();
  },

  /** CPU within `ms`, in ms in 10 s, and the longest delay of the loop in as long a time: to record delays takes CPU, too. */
  async watched(ms) {
    const before = usage();
    await setTimeout(ms);
    const cpu = (usage().cpu - before.cpu) / 1_000 / (ms / 10_000);
    const stop = watchLoop();
    await setTimeout(ms);
    const { max } = await stop();
    return { cpu, max };
  },
});
