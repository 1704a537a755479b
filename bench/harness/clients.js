// Clients that cost little, so that the server is what is measured: a socket, upgraded by hand.

const { once } = require('node:events');
const net = require('node:net');
const tls = require('node:tls');
const WebSocket = require('ws-upstream');
const { platform } = require('./machine.js');

const HOST = '127.0.0.1';

/** engine.io wants its version and transport in the path; nobody else minds. */
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

/** Resolves with a socket whose upgrade the server has accepted. It drops what comes, unless it is not to read. */
async function openSocket(port, { secure = false, reads = true } = {}) {
  const socket = connect(port, secure);
  socket.write(REQUEST);
  const [answer] = await once(socket, 'data');
  if (!answer.toString('latin1').startsWith('HTTP/1.1 101')) throw new Error(`no upgrade: ${answer}`);
  return reads ? socket.resume() : socket.pause();
}

/** Resolves with a socket that is no WebSocket, for servers that know none. */
async function connectSocket(port, { reads = true } = {}) {
  const socket = connect(port, false);
  await once(socket, 'connect');
  return reads ? socket.resume() : socket.pause();
}

/** Resolves with a WebSocket of plain ws that is open. */
async function openWebSocket(port, { host = HOST } = {}) {
  const ws = new WebSocket(`ws://${host}:${port}${PATH}`, { perMessageDeflate: false });
  ws.on('error', () => {});
  await once(ws, 'open');
  return ws;
}

/** Opens that many, a few at a time. */
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
 * Does the work in a process that does not sleep meanwhile. Waking it takes the server some 10 µs for each answer, or nothing,
 * by how much faster or slower than the other the two happen to be: a small difference between servers becomes a large one.
 */
async function awake(work) {
  let done = platform === 'wine'; // where this would keep the one process busy that everybody needs
  const spin = () => done || setImmediate(spin);
  spin();
  try {
    return await work();
  } finally {
    done = true;
  }
}

/** Ends them by RST, which leaves nothing behind in the kernel; resolves once all are closed. */
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
