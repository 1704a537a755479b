// Clients for the benchmarks. Most are bare sockets with a hand-written upgrade request, which cost little, so that the server
// is what is measured.

const { once } = require('node:events');
const net = require('node:net');
const tls = require('node:tls');
const WebSocket = require('ws-upstream');
const { HOST } = require('./listen.js');
const { platform } = require('./machine.js');

/** engine.io needs its version and transport in the path; the other libraries ignore them. */
const PATH = '/?EIO=4&transport=websocket';

const REQUEST = [
  `GET ${PATH} HTTP/1.1`,
  `Host: ${HOST}`,
  ...['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'],
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n');

function connect(port, secure) {
  const socket = secure
    ? tls.connect({ port, host: HOST, rejectUnauthorized: false })
    : net.connect({ port, host: HOST, noDelay: true });
  return socket.on('error', () => {});
}

/** Resolves with a socket whose upgrade the server has accepted. It discards its input, or is paused with `reads: false`. */
async function openSocket(port, { secure = false, reads = true } = {}) {
  const socket = connect(port, secure);
  socket.write(REQUEST);
  const [answer] = await once(socket, 'data');
  if (!answer.toString('latin1').startsWith('HTTP/1.1 101')) throw new Error(`no upgrade: ${answer}`);
  return reads ? socket.resume() : socket.pause();
}

/** Resolves with a plain TCP socket, for servers without WebSockets. */
async function connectSocket(port, { reads = true } = {}) {
  const socket = connect(port, false);
  await once(socket, 'connect');
  return reads ? socket.resume() : socket.pause();
}

/** Resolves with an open WebSocket of plain ws. */
async function openWebSocket(port, { host = HOST } = {}) {
  const ws = new WebSocket(`ws://${host}:${port}${PATH}`, { perMessageDeflate: false });
  ws.on('error', () => {});
  await once(ws, 'open');
  return ws;
}

/** Opens `count` connections, 32 at a time, by `open`. */
async function openSockets(port, count, { concurrency = 32, open = openSocket, ...options } = {}) {
  const sockets = [];
  let left = count;
  const worker = async () => {
    while (left-- > 0) sockets.push(await open(port, options));
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, worker));
  return sockets;
}

/**
 * Runs `work` while this process never sleeps. The server would need some 10 µs to wake it for an answer, or nothing if it is
 * awake by chance, and a small difference between servers would become a large one.
 */
async function awake(work) {
  let done = platform === 'wine'; // where the spinning would take the CPU of wineserver, which all processes need
  const spin = () => done || setImmediate(spin);
  spin();
  try {
    return await work();
  } finally {
    done = true;
  }
}

/** Resets the sockets, which leaves nothing in the kernel, and resolves once all are closed. */
function resetAll(sockets) {
  return Promise.all(
    sockets.map((socket) => {
      if (socket.destroyed) return undefined;
      const closed = once(socket, 'close');
      if (socket.encrypted) socket.destroy();
      else socket.resetAndDestroy();
      return closed;
    }),
  );
}

module.exports = { HOST, awake, connectSocket, openSocket, openSockets, openWebSocket, resetAll };
