// The functions that Artillery calls for each virtual user of stability.yml. Artillery's report shows the counters.
const { once } = require('node:events');
const { setTimeout: delay } = require('node:timers/promises');

const MESSAGES = 10;
const TIMEOUT = 15_000;

/** Sends numbered messages and waits until all echoes have arrived, in order. */
async function exchange({ ws }, events) {
  // Artillery removes its own 'error' listener when the connection is open.
  ws.on('error', (error) => events.emit('counter', `stability.error.${error.code}`, 1));
  ws.once('close', (code) => events.emit('counter', `stability.closed.${code}`, 1));
  let received = 0;
  const done = new Promise((resolve) => {
    ws.on('message', (data) => {
      if (String(data) === `message ${received}` && ++received === MESSAGES) resolve();
    });
    ws.once('close', resolve);
  });
  for (let n = 0; n < MESSAGES; n++) ws.send(`message ${n}`);
  await Promise.race([done, delay(TIMEOUT, undefined, { ref: false })]);
  events.emit('counter', 'stability.sent', MESSAGES);
  events.emit('counter', 'stability.lost', MESSAGES - received);
}

/** Does the closing handshake. */
async function clean({ ws }) {
  const closed = once(ws, 'close');
  ws.close(1000, 'done');
  await closed;
}

/** Sends RST. */
async function rst({ ws }) {
  const closed = once(ws, 'close');
  (ws._socket._parent ?? ws._socket).resetAndDestroy(); // over TLS, the TCP socket below
  await closed;
}

/** Sends FIN without a close frame. */
async function fin({ ws }) {
  const closed = once(ws, 'close');
  ws._socket.end();
  await closed;
}

/** Sends FIN in the middle of a frame. */
async function cut({ ws }) {
  const closed = once(ws, 'close');
  ws._socket.end(Buffer.from([0x82, 0xff, 0, 0]));
  await closed;
}

/** Requests large echoes, reads nothing, and sends RST after 5 s. */
async function stall({ ws }) {
  ws._socket.pause();
  for (let n = 0; n < 12; n++) ws.send(Buffer.alloc(512 * 1024));
  await delay(5_000);
  await rst({ ws });
}

module.exports = { exchange, clean, rst, fin, cut, stall };
